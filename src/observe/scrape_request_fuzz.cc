// SPDX-License-Identifier: Apache-2.0

// Property: once a request is complete, what follows changes nothing; until then each beginning of
// it is incomplete; and never is more than kScrapeRequestSizeMax waited for.

#include <cstdlib>
#include <string>

#include "observe/scrape_request.h"

namespace {

using nearcast::observe::read_scrape_request;
using nearcast::observe::ScrapeRequest;

void require(bool claim) {
    if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const ScrapeRequest found = read_scrape_request(text);
    if (found == ScrapeRequest::Incomplete) {
        require(size < nearcast::observe::kScrapeRequestSizeMax + 2);
    } else if (found != ScrapeRequest::TooLarge) {
        require(read_scrape_request(text + "\r\n\r\nGET / HTTP/1.1") == found);
    }
    return 0;
}
