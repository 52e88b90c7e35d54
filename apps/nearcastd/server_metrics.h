// SPDX-License-Identifier: Apache-2.0
//
// The metrics of a server that no worker's Counters have: who it is, what it holds, what became of
// connections and transfers, what it logged.

#pragma once

#include <span>
#include <vector>

#include "answer/responder.h"
#include "base/pulse.h"
#include "observe/metric.h"
#include "serve/tcp_tallies.h"
#include "serve/worker.h"
#include "transfer/tallies.h"
#include "zone/zone_watch.h"

namespace nearcast::app {

struct ServerNumbers {
    answer::Identity identity;
    size_t zones = 0;
    size_t connections = 0;  // TCP, open now.
    std::span<const base::Pulse> pulses;
    bool is_by_core = false;
    std::vector<const serve::TcpTallies*> tcp = {};       // One of each worker.
    std::vector<serve::Worker::FrameCounts> frames = {};  // By worker; empty without AF_XDP.
};

// One counter without labels.
void add_total(const char* name, const char* help, uint64_t value,
               std::vector<observe::Metric>& metrics);

void add_server_metrics(const ServerNumbers& numbers, std::vector<observe::Metric>& metrics);

// `health`: at the last look.
void add_zone_metrics(const zone::ZoneHealth& health, uint64_t store_bytes,
                      std::vector<observe::Metric>& metrics);

struct TransferNumbers {
    const transfer::DeskTallies& desks;
    const transfer::FetchTallies& fetched;
    const transfer::NoticeTallies& notices;
};
void add_transfer_metrics(const TransferNumbers& numbers, std::vector<observe::Metric>& metrics);

}  // namespace nearcast::app
