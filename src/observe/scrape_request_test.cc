// SPDX-License-Identifier: Apache-2.0

#include "observe/scrape_request.h"

#include <string>

#include <gtest/gtest.h>

namespace nearcast::observe {
namespace {

TEST(ScrapeRequest, KnowsWhatIsAsked) {
    struct Case {
        const char* text;
        ScrapeRequest request;
    };
    for (const Case& each : {
             Case{"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n", ScrapeRequest::Get},
             Case{"GET /metrics HTTP/1.0\n\n", ScrapeRequest::Get},
             Case{"\r\nGET /metrics HTTP/1.0\r\n\r\n", ScrapeRequest::Get},
             Case{"GET /metrics?name=x HTTP/1.1\r\n\r\n", ScrapeRequest::Get},
             Case{"GET http://a:9153/metrics HTTP/1.1\r\n\r\n", ScrapeRequest::Get},
             Case{"HEAD /metrics HTTP/1.1\r\n\r\n", ScrapeRequest::Head},
             Case{"GET / HTTP/1.1\r\n\r\n", ScrapeRequest::OtherPath},
             Case{"GET /metricsandmore HTTP/1.1\r\n\r\n", ScrapeRequest::OtherPath},
             Case{"GET http://a HTTP/1.1\r\n\r\n", ScrapeRequest::OtherPath},
             Case{"POST /metrics HTTP/1.1\r\n\r\nbody", ScrapeRequest::OtherMethod},
             Case{"get /metrics HTTP/1.1\r\n\r\n", ScrapeRequest::OtherMethod},
         }) {
        EXPECT_EQ(read_scrape_request(each.text), each.request) << each.text;
    }
}

TEST(ScrapeRequest, WaitsForTheEmptyLine) {
    const std::string whole = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(read_scrape_request(whole.substr(0, size)), ScrapeRequest::Incomplete) << size;
    }
}

TEST(ScrapeRequest, RefusesWhatIsNoRequest) {
    for (const char* text : {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n",
                             "GET  HTTP/1.1\r\n\r\n", "GET /metrics HTTP/2\r\n\r\n"}) {
        EXPECT_EQ(read_scrape_request(text), ScrapeRequest::Malformed) << text;
    }
    const std::string endless(kScrapeRequestSizeMax, 'a');
    EXPECT_EQ(read_scrape_request(endless), ScrapeRequest::TooLarge);
}

}  // namespace
}  // namespace nearcast::observe
