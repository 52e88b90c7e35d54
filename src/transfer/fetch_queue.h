// SPDX-License-Identifier: Apache-2.0
//
// Which zone is fetched next: zones wait by the time they are due, those of each primary apart, and
// no primary is asked for more of them at a time than its window lets through.
//
// So a primary that is slow or dead holds up its own zones alone, within the threads there are.
// Every step takes the logarithm of how many zones and primaries there are. Pure: callers pass the
// time. Used with a lock of the caller's.

#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/address.h"
#include "base/clock.h"

namespace nearcast::transfer {

class FetchQueue {
 public:
    // Over TCP, where each zone has a connection of its own; and the least over TLS, for a primary
    // that fails. As many threads wait for a dead one until their deadlines.
    static constexpr size_t kWindowMin = 4;
    // Over TLS, where all zones share one connection: with a round trip of 130 ms 360 small zones a
    // second. It stays below FetchThreads::kThreadsMax: what is between them is left for others
    // when a primary falls silent that had all of this under way.
    static constexpr size_t kWindowMax = 48;
    // What all sources together may have under way above kWindowMin each: what one alone may. Else
    // two that fall silent would hold all threads; so it takes five.
    static constexpr size_t kSurplusMax = kWindowMax - kWindowMin;

    // Who is asked first for a zone, and how.
    struct Source {
        base::SocketAddress primary = {};
        bool is_shared = false;  // All its zones come over one connection.
        // Whose zones these are, where many share the threads: then of all his primaries together.
        std::string owner = {};
        auto operator<=>(const Source&) const = default;
    };

    // What a fetch tells of the source. Of a crowded one less is asked at a time: it did not answer
    // at all; or it refused, as those do that have enough to do (BIND sends ten zones at a time). A
    // zone that is refused time and again tells of itself, and nothing of the source.
    enum class Verdict : uint8_t { Answered, Refused, Crowded, Unclear };

 private:
    struct Line;
    using Lines = std::set<std::pair<base::Instant, Line*>>;  // By the first that waits in each.

 public:
    // What waits here is a part of something else. Ends neither while it waits nor while it is
    // under way.
    class Entry {
     public:
        Entry() = default;
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

     private:
        friend class FetchQueue;

        base::Instant due_at_{};
        Line* line_ = nullptr;  // Where it waits, or is under way.
        bool is_waiting_ = false;
        bool was_refused_ = false;  // The last time.
    };

    FetchQueue() = default;
    FetchQueue(const FetchQueue&) = delete;
    FetchQueue& operator=(const FetchQueue&) = delete;

    // It waits from now on, for this time at this source: not while it is under way.
    void put(Entry& entry, const Source& source, base::Instant due_at);
    // It waits no more, if it did.
    void remove(Entry& entry);

    // The one that is due first, where a window is open: under way until end(). Null when there is
    // none, or not yet.
    [[nodiscard]] Entry* next(base::Instant now);
    // Each that next() returned, once.
    void end(Entry& entry, Verdict verdict, base::Instant now);

    // When next() has something; max while all that wait are behind full windows.
    [[nodiscard]] base::Instant next_at() const { return std::min(first_of(open_), surplus_at()); }

 private:
    // As TCP finds out what a path carries (RFC 5681): up by one with each answer, so that it
    // doubles each round trip; down to a half where that was too much, and from there on up by one
    // each round trip.
    class Window {
     public:
        [[nodiscard]] size_t size() const { return size_; }
        void grow();
        void shrink();

     private:
        size_t size_ = kWindowMin;
        size_t threshold_ = kWindowMax;
        size_t credit_ = 0;  // Answers since it last grew.
    };

    // The zones of one source.
    struct Line {
        explicit Line(const Source& its_source) : source(its_source) {}

        const Source source;
        std::set<std::pair<base::Instant, Entry*>> waiting;
        size_t under_way = 0;
        Window window;
        Lines* place = nullptr;  // Where it stands, if it does, and by which time.
        base::Instant placed_at{};
    };

    [[nodiscard]] static base::Instant first_of(const Lines& lines) {
        return lines.empty() ? base::Instant::max() : lines.begin()->first;
    }
    [[nodiscard]] base::Instant surplus_at() const {
        return surplus_ < kSurplusMax ? first_of(above_) : base::Instant::max();
    }
    // Puts it where it belongs in open_ or above_, and forgets one that has nothing to do.
    void settle(Line& line);

    std::map<Source, Line> lines_;
    Lines open_;          // Those with less than kWindowMin under way.
    Lines above_;         // Those with more, whose windows let more through.
    size_t surplus_ = 0;  // What is under way above kWindowMin each.
};

}  // namespace nearcast::transfer
