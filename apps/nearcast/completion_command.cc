// SPDX-License-Identifier: Apache-2.0

#include "completion_command.h"

#include <string>
#include <utility>
#include <vector>

#include "terminal.h"

#include <CLI/CLI.hpp>

namespace nearcast {
namespace {

// A word that may follow, and what it means.
struct Word {
    std::string text;
    std::string help;  // Its first sentence.
};

// What may follow "nearcast zone", for each such beginning.
struct Place {
    std::string path;  // "", "/zone", "/zone/list"
    std::vector<Word> verbs;
    std::vector<Word> options;
};

std::string first_sentence(const std::string& help) {
    std::string sentence = help.substr(0, std::min(help.find(". "), help.find(": ")));
    // Quotes and what shells read otherwise stand in no sentence that matters here.
    std::erase_if(sentence, [](char c) {
        return c == '\'' || c == '"' || c == '$' || c == '`' || c == '\\' || c == '[' || c == ']';
    });
    return sentence;
}

// Of verbs that are for people: who is in no group is hidden from help, too.
bool is_shown(const CLI::App* verb) { return !verb->get_group().empty(); }

// The program as it was declared: what is listed here is what it takes.
void walk(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
    Place place{path, {}, {}};
    for (const CLI::App* verb : app.get_subcommands(is_shown)) {
        place.verbs.push_back({verb->get_name(), first_sentence(verb->get_description())});
    }
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            place.options.push_back({"--" + name, first_sentence(option->get_description())});
        }
    }
    places.push_back(std::move(place));
    for (const CLI::App* verb : app.get_subcommands(is_shown)) {
        walk(*verb, path + '/' + verb->get_name(), places);
    }
}

std::string joined(const std::vector<Word>& words) {
    std::string text;
    for (const Word& word : words) text += (text.empty() ? "" : " ") + word.text;
    return text;
}

// "/zone|/zone/list": all beginnings but the first, which is none.
std::string paths_of(const std::vector<Place>& places) {
    std::string text;
    for (const Place& place : places) {
        if (!place.path.empty()) text += (text.empty() ? "" : "|") + place.path;
    }
    return text;
}

// For bash and zsh, whose arrays of words differ. The words in front of the cursor lead to a place,
// `at`; options and values among them lead nowhere.
std::string walk_script(const std::vector<Place>& places, const std::string& range,
                        const std::string& words) {
    return "    for ((i = " + range + "; i++)); do\n        word=${" + words +
           "[i]}\n        case \"$at/$word\" in\n            (" + paths_of(places) +
           ") at=$at/$word ;;\n        esac\n    done\n    case \"$at\" in\n";
}

std::string bash_script(const std::vector<Place>& places) {
    std::string text =
        "# bash completion of nearcast: source <(nearcast completion bash)\n"
        "_nearcast() {\n"
        "    local at='' verbs='' options='' word i current=${COMP_WORDS[COMP_CWORD]}\n" +
        walk_script(places, "1; i < COMP_CWORD", "COMP_WORDS");
    for (const Place& place : places) {
        text += "        ('" + place.path + "') verbs='" + joined(place.verbs) + "' options='" +
                joined(place.options) + "' ;;\n";
    }
    return text +
           "    esac\n"
           "    [[ $current == -* ]] && verbs=$options\n"
           "    COMPREPLY=($(compgen -W \"$verbs\" -- \"$current\"))\n"
           "}\n"
           "complete -o default -F _nearcast nearcast\n";
}

std::string zsh_words(const std::vector<Word>& words) {
    std::string text;
    for (const Word& word : words) {
        std::string help = word.help;
        std::erase(help, ':');
        text += " '" + word.text + ':' + help + '\'';
    }
    return text;
}

std::string zsh_script(const std::vector<Place>& places) {
    std::string text =
        "#compdef nearcast\n"
        "# zsh completion of nearcast: nearcast completion zsh > a folder of $fpath, as _nearcast\n"
        "_nearcast() {\n"
        "    local at='' word i\n"
        "    local -a verbs options\n" +
        walk_script(places, "2; i < CURRENT", "words");
    for (const Place& place : places) {
        text += "        ('" + place.path + "') verbs=(" + zsh_words(place.verbs) + ") options=(" +
                zsh_words(place.options) + ") ;;\n";
    }
    return text +
           "    esac\n"
           "    if [[ ${words[CURRENT]} == -* ]]; then\n"
           "        _describe -o option options\n"
           "    elif (( ${#verbs} )); then\n"
           "        _describe command verbs\n"
           "    else\n"
           "        _files\n"
           "    fi\n"
           "}\n"
           "if [[ $funcstack[1] == _nearcast ]]; then _nearcast \"$@\"; "
           "else compdef _nearcast nearcast; fi\n";
}

std::string fish_script(const std::vector<Place>& places) {
    std::string text =
        "# fish completion of nearcast:\n"
        "#   nearcast completion fish > ~/.config/fish/completions/nearcast.fish\n"
        "function __nearcast_at\n"
        "    set -l at ''\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        switch \"$at/$word\"\n"
        "            case";
    for (const Place& place : places) {
        if (!place.path.empty()) text += " '" + place.path + '\'';
    }
    text +=
        "\n"
        "                set at \"$at/$word\"\n"
        "        end\n"
        "    end\n"
        "    test \"$at\" = \"$argv[1]\"\n"
        "end\n";
    for (const Place& place : places) {
        const std::string condition =
            "complete -c nearcast -n \"__nearcast_at '" + place.path + "'\"";
        for (const Word& word : place.verbs) {
            text += condition + " -f -a " + word.text + " -d '" + word.help + "'\n";
        }
        for (const Word& word : place.options) {
            text += condition + " -l " + word.text.substr(2) + " -d '" + word.help + "'\n";
        }
    }
    return text;
}

}  // namespace

void add_completion_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand(
        "completion", "Print a script by which a shell completes the words of this command");
    family->require_subcommand(1);
    using Script = std::string (*)(const std::vector<Place>&);
    for (const auto& [shell, help, script] :
         {std::tuple<const char*, const char*, Script>{
              "bash", "For ~/.bashrc: source <(nearcast completion bash)", bash_script},
          {"zsh", "For a folder of $fpath, as the file _nearcast", zsh_script},
          {"fish", "For ~/.config/fish/completions/nearcast.fish", fish_script}}) {
        family->add_subcommand(shell, help)->callback([&program, &status, write = script] {
            std::vector<Place> places;
            walk(program, "", places);
            put(write(places));
            status = 0;
        });
    }
}

}  // namespace nearcast
