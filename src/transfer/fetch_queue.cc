// SPDX-License-Identifier: Apache-2.0

#include "transfer/fetch_queue.h"

#include <algorithm>
#include <cassert>

namespace nearcast::transfer {

using base::Instant;

void FetchQueue::Window::grow() {
    if (++credit_ < size_ && size_ >= threshold_) return;
    size_ = std::min(size_ + 1, kWindowMax);
    credit_ = 0;
}

void FetchQueue::Window::shrink() {
    size_ = std::max(size_ / 2, kWindowMin);
    threshold_ = size_;
    credit_ = 0;
}

void FetchQueue::put(Entry& entry, const Source& source, Instant due_at) {
    remove(entry);
    assert(entry.line_ == nullptr);
    Line& line = lines_.try_emplace(source, source).first->second;
    entry.due_at_ = due_at;
    entry.line_ = &line;
    entry.is_waiting_ = true;
    line.waiting.emplace(due_at, &entry);
    settle(line);
}

void FetchQueue::remove(Entry& entry) {
    if (!entry.is_waiting_) return;
    Line& line = *std::exchange(entry.line_, nullptr);
    entry.is_waiting_ = false;
    line.waiting.erase({entry.due_at_, &entry});
    settle(line);
}

FetchQueue::Entry* FetchQueue::next(Instant now) {
    const Instant at = next_at();
    if (at == Instant::max() || at > now) return nullptr;
    Line& line = *(first_of(open_) == at ? open_ : above_).begin()->second;
    Entry& entry = *line.waiting.begin()->second;
    line.waiting.erase(line.waiting.begin());
    entry.is_waiting_ = false;
    if (++line.under_way > kWindowMin) ++surplus_;
    settle(line);
    return &entry;
}

void FetchQueue::end(Entry& entry, Verdict verdict, Instant now) {
    assert(entry.line_ != nullptr && !entry.is_waiting_);
    Line& line = *std::exchange(entry.line_, nullptr);
    if (line.under_way-- > kWindowMin) --surplus_;
    const bool was_refused = std::exchange(entry.was_refused_, verdict == Verdict::Refused);
    if (line.source.is_shared) {
        // One that holds nobody up tells nothing of how much there is room for.
        const bool holds_up = !line.waiting.empty() && line.waiting.begin()->first <= now;
        if (verdict == Verdict::Answered && holds_up) line.window.grow();
        const bool is_crowded =
            verdict == Verdict::Crowded || (verdict == Verdict::Refused && !was_refused);
        if (is_crowded) line.window.shrink();
    }
    settle(line);
}

void FetchQueue::settle(Line& line) {
    if (line.place != nullptr) line.place->erase({line.placed_at, &line});
    line.place = nullptr;
    if (line.waiting.empty()) {
        if (line.under_way == 0) lines_.erase(Source(line.source));
        return;
    }
    if (line.under_way >= line.window.size()) return;
    line.place = line.under_way < kWindowMin ? &open_ : &above_;
    line.placed_at = line.waiting.begin()->first;
    line.place->emplace(line.placed_at, &line);
}

}  // namespace nearcast::transfer
