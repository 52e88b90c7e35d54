// SPDX-License-Identifier: Apache-2.0

#include "xdp/filter.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "base/fd.h"
#include "xdp/filter_object.h"

namespace nearcast::xdp {
namespace {

using base::Result;

constexpr const char* kRights = "start it as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW";

// What libbpf returns: an error number below zero.
std::unexpected<base::Error> fail_with(std::string_view what, int code) {
    auto failed = base::fail_errno(what, -code);
    if (code == -EPERM || code == -EACCES) failed.error().hint = kRights;
    return failed;
}

struct CloseObject {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

bpf_map* map_of(const Object& object, const char* name) {
    return bpf_object__find_map_by_name(object.get(), name);
}

// libbpf names the map of constants after the object; ours begins with the address.
bool set_own_mac(const Object& object, const Interface& interface) {
    bpf_map* const constants = map_of(object, ".rodata");
    size_t size = 0;
    const void* const initial =
        constants == nullptr ? nullptr : bpf_map__initial_value(constants, &size);
    if (initial == nullptr || size != interface.mac.size()) return false;
    return bpf_map__set_initial_value(constants, interface.mac.data(), size) == 0;
}

bool set_sizes(const Object& object, const Interface& interface, size_t services) {
    const auto count = static_cast<uint32_t>(std::max<size_t>(services, 1));
    return bpf_map__set_max_entries(map_of(object, "queues"), interface.queues) == 0 &&
           bpf_map__set_max_entries(map_of(object, "services_v4"), count) == 0 &&
           bpf_map__set_max_entries(map_of(object, "services_v6"), count) == 0;
}

int add_service(const Object& object, const base::IpAddress& service) {
    const bpf_map* const map = map_of(object, service.is_v6 ? "services_v6" : "services_v4");
    const uint8_t is_there = 1;
    return bpf_map__update_elem(map, service.bytes.data(), service.bits() / 8, &is_there,
                                sizeof is_there, BPF_ANY);
}

}  // namespace

struct Filter::State {
    Object object;
    Interface interface;
    int program = -1;  // The object's.
    base::Fd link;
};

Filter::Filter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::load(const Interface& interface, std::span<const base::IpAddress> services) {
    libbpf_set_print(nullptr);  // What goes wrong is told by us, once.
    bpf_object_open_opts options{};
    options.sz = sizeof options;
    options.object_name = "nearcast";
    Object object(bpf_object__open_mem(kFilterObject.data(), kFilterObject.size(), &options));
    if (!object) return base::fail_errno("open the XDP program", errno);
    if (!set_own_mac(object, interface) || !set_sizes(object, interface, services.size())) {
        return base::fail("the XDP program has not the maps that it should have");
    }
    if (const int done = bpf_object__load(object.get()); done != 0) {
        return fail_with("load the XDP program", done);
    }
    for (const base::IpAddress& service : services) {
        if (const int done = add_service(object, service); done != 0) {
            return fail_with("tell the XDP program of " + to_text(service), done);
        }
    }
    auto state = std::make_unique<State>(State{std::move(object), interface, -1, {}});
    state->program =
        bpf_program__fd(bpf_object__find_program_by_name(state->object.get(), "filter"));
    return Filter(std::move(state));
}

Result<void> Filter::direct(uint32_t number, int fd) {
    const int done = bpf_map__update_elem(map_of(state_->object, "queues"), &number, sizeof number,
                                          &fd, sizeof fd, BPF_ANY);
    if (done == 0) return {};
    return fail_with("direct queue " + std::to_string(number) + " to its socket", done);
}

Result<void> Filter::attach(Mode mode) {
    bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.flags = mode == Mode::Native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
    const int link = bpf_link_create(state_->program, static_cast<int>(state_->interface.index),
                                     BPF_XDP, &options);
    if (link >= 0) {
        state_->link = base::Fd(link);
        return {};
    }
    auto failed = fail_with("attach the XDP program", link);
    if (link == -EBUSY || link == -EEXIST) {
        failed =
            base::fail("another XDP program is attached to it",
                       "bpftool net show; ip link set dev " + state_->interface.name + " xdp off");
    }
    return failed;
}

int Filter::descriptor() const { return state_->program; }

}  // namespace nearcast::xdp
