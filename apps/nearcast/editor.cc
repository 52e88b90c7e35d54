// SPDX-License-Identifier: Apache-2.0

#include "editor.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nearcast {
namespace {

namespace fs = std::filesystem;
using base::Result;

std::string editor() {
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* const value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return "vi";
}

// The shell divides the words of $EDITOR, as it is used everywhere else. The signals that this
// program ignores are the editor's again.
Result<int> run_shell(const std::string& command, const std::string& argument) {
    std::array<std::string, 5> words{"sh", "-c", command + " \"$1\"", "sh", argument};
    std::array<char*, 6> arguments{};
    for (size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t child = 0;
    const int error =
        ::posix_spawn(&child, "/bin/sh", nullptr, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) return base::fail_errno("cannot run " + command, error);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return base::fail_errno("cannot wait for " + command, errno);
    }
    return status;
}

}  // namespace

Result<EditedFile> EditedFile::create(const std::string& name, const std::string& text) {
    std::error_code error;
    std::string folder = (fs::temp_directory_path(error) / "nearcast-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr)
        return base::fail_errno("cannot make " + folder, errno);
    EditedFile file(folder + '/' + name);
    std::ofstream stream(file.path());
    stream << text << std::flush;
    if (!stream) return base::fail_errno("cannot write " + file.path(), errno);
    return file;
}

Result<void> EditedFile::edit() const {
    const auto status = run_shell(editor(), path_);
    if (!status) return std::unexpected(status.error());
    if (*status == 0) return {};
    return base::fail(editor() + " did not end well; what was typed is in " + path_,
                      "EDITOR=nano nearcast ...");
}

Result<std::string> EditedFile::read() const {
    const std::ifstream stream(path_);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return base::fail("cannot read " + path_);
    return text.str();
}

void EditedFile::remove() const {
    std::error_code ignored;
    fs::remove_all(fs::path(path_).parent_path(), ignored);
}

}  // namespace nearcast
