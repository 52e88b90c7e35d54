// SPDX-License-Identifier: Apache-2.0

#include "word_order.h"

#include <algorithm>

namespace nearcast {
namespace {

constexpr const char* kContext = "--context";
constexpr const char* kJson = "--json";

const CLI::App* find_verb(const CLI::App& family, const std::string& word) {
    const auto found =
        family.get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
    return found.empty() ? nullptr : found.front();
}

// How many words an option of these takes from there on; none: it is another word.
size_t option_size(const std::vector<std::string>& words, size_t at) {
    if (words[at] == kJson || words[at].starts_with(std::string(kContext) + '=')) return 1;
    return words[at] == kContext && at + 1 < words.size() ? 2 : 0;
}

}  // namespace

void declare_in_front(CLI::App& program) {
    program
        .add_option_function<std::string>(
            kContext, [](const std::string&) {}, "The network that is meant")
        ->type_name("NAME");
    program.add_flag(kJson)->description("Print JSON, for programs");
    program.footer(
        "--context and --json may stand in front of a verb that knows them, or behind it.\n"
        "Exit status: 0 done, 1 failed, 2 not understood.");
}

std::vector<std::string> with_options_behind(const CLI::App& program,
                                             const std::vector<std::string>& words) {
    std::vector<std::string> ordered;
    std::vector<std::string> options;
    const CLI::App* place = &program;
    size_t at = 0;
    while (at < words.size()) {
        const auto here = words.begin() + static_cast<std::ptrdiff_t>(at);
        if (const size_t size = option_size(words, at); size != 0) {
            options.insert(options.end(), here, here + static_cast<std::ptrdiff_t>(size));
            at += size;
            continue;
        }
        const CLI::App* const verb = find_verb(*place, words[at]);
        if (verb == nullptr) break;
        ordered.push_back(words[at++]);
        place = verb;
    }
    std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
    // Of a family without a verb it is told which word is none: the first, not an option.
    const bool is_family = place != &program && place->get_require_subcommand_min() > 0;
    rest.insert(is_family ? rest.end() : rest.begin(), options.begin(), options.end());
    ordered.insert(ordered.end(), rest.begin(), rest.end());
    return ordered;
}

}  // namespace nearcast
