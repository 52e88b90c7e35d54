// SPDX-License-Identifier: Apache-2.0

#include "xdp/port.h"

#include <utility>

namespace nearcast::xdp {
namespace {

using base::Result;

// Sockets first: from the moment that the filter is attached nothing shall fall between.
Result<void> bring_up(Port& port, const PortOptions& options) {
    const QueueOptions how{.mode = port.mode, .is_busy_polling = options.is_busy_polling};
    for (uint32_t number = 0; number < port.interface.queues; ++number) {
        Result<Queue> queue = Queue::open(port.interface, number, how);
        if (!queue) return std::unexpected(queue.error());
        if (auto done = port.filter.direct(number, queue->fd()); !done) return done;
        port.queues.push_back(*std::move(queue));
    }
    return port.filter.attach(port.mode);
}

}  // namespace

Result<Port> open_port(const PortOptions& options) {
    Result<Interface> interface = read_interface(options.interface);
    if (!interface) return std::unexpected(interface.error());
    Result<Filter> filter = Filter::load(*interface, options.services);
    if (!filter) return std::unexpected(filter.error());
    Port port{.interface = *std::move(interface),
              .filter = *std::move(filter),
              .queues = {},
              .mode = Mode::Native,
              .why_generic = {}};
    const Result<void> native = bring_up(port, options);
    if (native) return port;

    port.queues.clear();
    port.mode = Mode::Generic;
    port.why_generic = native.error().message;
    if (const Result<void> generic = bring_up(port, options); !generic) {
        return std::unexpected(generic.error());
    }
    return port;
}

}  // namespace nearcast::xdp
