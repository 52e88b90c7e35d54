// SPDX-License-Identifier: Apache-2.0

#include "lab/compare_svg.h"

#include <algorithm>
#include <sstream>

#include "lab/table.h"

namespace nearcast::lab {

namespace {

constexpr int kWidth = 860;
constexpr int kLeft = 150;       // Where the bars begin; city names stand left of it.
constexpr int kBarsWidth = 540;  // Of the longest bar; its label stands right of it.
constexpr int kTop = 118;        // Below title and legend.
constexpr int kRow = 40;         // A city: two bars and a space.
constexpr int kBar = 13;
constexpr int kTimelineHeight = 130;
constexpr int kTimelineSpace = 130;  // Heading above, axis below.
constexpr const char* kUnicastColour = "#9aa5b1";
constexpr const char* kAnycastColour = "#0b7285";

struct Text {
    double x;
    double y;
    const char* style;
};

void write_text(std::ostream& out, Text at, const std::string& text) {
    out << "<text x=\"" << at.x << "\" y=\"" << at.y << "\" class=\"" << at.style << "\">" << text
        << "</text>\n";
}

void write_rect(std::ostream& out, double x, double y, double width, const char* colour) {
    out << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << width << "\" height=\"" << kBar
        << "\" rx=\"2\" fill=\"" << colour << "\"/>\n";
}

void write_head(std::ostream& out, const Comparison& comparison, int height) {
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << kWidth << ' ' << height
        << "\" width=\"" << kWidth << "\" height=\"" << height << "\" role=\"img\">\n"
        << "<style>text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:13px;fill:#212529}"
        << ".title{font-size:20px;font-weight:600}.city{text-anchor:end}"
        << ".small{font-size:11.5px;fill:#495057}.end{font-size:11.5px;fill:#495057;"
        << "text-anchor:end}.mid{font-size:11.5px;fill:#495057;text-anchor:middle}"
        << ".head{font-size:15px;font-weight:600}</style>\n"
        << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
    write_text(out, {24, 36, "title"}, "How far is the answer?");
    write_text(out, {24, 58, "small"},
               "Round trip of a DNS question from each city, median of twenty");
    int y = 74;
    for (const auto& [side, colour] : {std::pair(&comparison.unicast, kUnicastColour),
                                       std::pair(&comparison.anycast, kAnycastColour)}) {
        write_rect(out, 24, y, 22, colour);
        write_text(out, {54, y + 11.0, "small"},
                   side->name + ": median " + milliseconds(side->median_ms) + ", 95th percentile " +
                       milliseconds(side->p95_ms));
        y += 18;
    }
}

void write_bars(std::ostream& out, const Plan& plan, const Comparison& comparison) {
    double longest = 1;
    for (const ComparedCity& city : comparison.cities) {
        longest = std::max({longest, city.unicast_ms, city.anycast_ms});
    }
    double y = kTop;
    for (const ComparedCity& city : comparison.cities) {
        const double unicast = kBarsWidth * city.unicast_ms / longest;
        const double anycast = kBarsWidth * city.anycast_ms / longest;
        write_text(out, {kLeft - 10.0, y + 19, "city"}, plan.router(city.city).city);
        write_rect(out, kLeft, y, std::max(1.0, unicast), kUnicastColour);
        write_text(out, {kLeft + unicast + 6, y + 11, "small"}, milliseconds(city.unicast_ms));
        write_rect(out, kLeft, y + kBar + 2, std::max(1.0, anycast), kAnycastColour);
        write_text(out, {kLeft + anycast + 6, y + kBar + 13, "small"},
                   milliseconds(city.anycast_ms) +
                       (city.pop ? " from " + plan.router(*city.pop).city : ""));
        y += kRow;
    }
}

void write_line(std::ostream& out, const std::vector<double>& shares, double top,
                const char* colour) {
    constexpr double kSeconds = 5.5;
    const double step =
        (kWidth - kLeft - 40) * std::chrono::duration<double>(kTimelineStep).count() / kSeconds;
    out << "<polyline fill=\"none\" stroke=\"" << colour << "\" stroke-width=\"2.5\" points=\"";
    for (size_t i = 0; i < shares.size(); ++i) {
        const double x = kLeft + step * static_cast<double>(i);
        if (x > kWidth - 40) break;
        out << x << ',' << top + kTimelineHeight * (1 - shares[i]) << ' ';
    }
    out << "\"/>\n";
}

void write_timeline(std::ostream& out, const Comparison& comparison, double top) {
    constexpr double kSeconds = 5.5;
    const double width = kWidth - kLeft - 40;
    write_text(out, {24, top - 44, "head"}, "And when it dies?");
    write_text(out, {24, top - 24, "small"},
               "Questions of all cities that are answered, while " + comparison.unicast.victim +
                   " or " + comparison.anycast.victim + " is killed");
    for (const double share : {0.0, 0.5, 1.0}) {
        const double y = top + kTimelineHeight * (1 - share);
        out << "<line x1=\"" << kLeft << "\" x2=\"" << kWidth - 40 << "\" y1=\"" << y << "\" y2=\""
            << y << "\" stroke=\"#dee2e6\"/>\n";
        write_text(out, {kLeft - 10.0, y + 4, "end"},
                   std::to_string(static_cast<int>(share * 100)) + " %");
    }
    for (int second = 0; second <= 5; ++second) {
        const double x = kLeft + width * (second + 0.5) / kSeconds;
        write_text(out, {x, top + kTimelineHeight + 18, "mid"},
                   second == 0 ? "killed" : std::to_string(second) + " s");
    }
    const double killed = kLeft + width * 0.5 / kSeconds;
    out << "<line x1=\"" << killed << "\" x2=\"" << killed << "\" y1=\"" << top - 6 << "\" y2=\""
        << top + kTimelineHeight << "\" stroke=\"#c92a2a\" stroke-dasharray=\"4 3\"/>\n";
    write_line(out, comparison.unicast.failure.answered, top, kUnicastColour);
    write_line(out, comparison.anycast.failure.answered, top, kAnycastColour);
}

}  // namespace

std::string comparison_svg(const Plan& plan, const Comparison& comparison) {
    const int bars = kTop + kRow * static_cast<int>(comparison.cities.size());
    std::ostringstream out;
    out.precision(5);
    write_head(out, comparison, bars + kTimelineHeight + kTimelineSpace);
    write_bars(out, plan, comparison);
    write_timeline(out, comparison, bars + 74);
    out << "</svg>\n";
    return out.str();
}

}  // namespace nearcast::lab
