// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_copy.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "dns/encoding.h"

namespace nearcast::transfer {
namespace {

using base::Fd;
using base::Result;

// File names have 255 bytes and no slash; names of zones keep to neither.
constexpr size_t kStemSizeMax = 200;

bool is_plain(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_' || byte == '.';
}

Result<void> read_all(int file, std::span<uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::read(file, bytes.data(), bytes.size());
        if (got < 0) return base::fail_errno("cannot be read", errno);
        if (got == 0) return base::fail("ends too early");
        bytes = bytes.subspan(static_cast<size_t>(got));
    }
    return {};
}

Result<void> write_all(int file, std::span<const uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(file, bytes.data(), bytes.size());
        if (put < 0) return base::fail_errno("cannot be written", errno);
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
    if (::fsync(file) != 0) return base::fail_errno("cannot be written to the disk", errno);
    return {};
}

Result<zone::ImageBlock> read_image(int file, size_t size) {
    if (size % zone::kImageAlignment != 0 || size == 0) return base::fail("ends too early");
    zone::ImageBlock block = zone::ImageBlock::allocate(size);
    if (!block) return base::fail("is larger than the memory");
    if (auto done = read_all(file, block.bytes()); !done) return std::unexpected(done.error());
    switch (zone::verify_image(block.bytes())) {
        case zone::ImageFault::None:
            return block;
        case zone::ImageFault::UnknownFormat:
            return base::fail("was written by another version of this program");
        default:
            return base::fail("is damaged");
    }
}

}  // namespace

std::string ZoneCopies::path_of(const dns::Name& zone) const {
    std::string stem = zone.is_root() ? "root" : dns::to_text(zone.lowered());
    if (stem.ends_with('.')) stem.pop_back();
    if (stem.size() > kStemSizeMax || stem.starts_with('.') ||
        !std::ranges::all_of(stem, is_plain)) {
        std::string hex;
        dns::append_hex(zone.lowered().wire(), hex);
        stem = "hex-" + hex.substr(0, kStemSizeMax);
    }
    return directory_ + "/" + stem + ".image";
}

Result<ZoneCopy> ZoneCopies::load(const dns::Name& zone) const {
    const std::string path = path_of(zone);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || ::fstat(file.get(), &status) != 0) {
        if (errno == ENOENT) return ZoneCopy{};
        return base::fail_errno("cannot open " + path, errno);
    }
    auto image = read_image(file.get(), static_cast<size_t>(status.st_size));
    if (!image) return base::within(path, image.error());
    const auto owner = image->image().apex().owner();
    const auto apex = dns::Name::from_wire(owner);
    if (!apex || !(*apex == zone)) return base::fail(path + " is the copy of another zone");
    return ZoneCopy{*std::move(image), std::chrono::seconds(status.st_mtim.tv_sec)};
}

Result<void> ZoneCopies::save(const dns::Name& zone, const zone::Image& image) const {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    const std::string path = path_of(zone);
    const std::string fresh = path + ".new";
    const Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!file) return base::fail_errno("cannot open " + fresh, errno);
    if (auto done = write_all(file.get(), {image.block(), image.header().size}); !done) {
        return base::within(fresh, done.error());
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
        return base::fail_errno("cannot put " + fresh + " in place", errno);
    }
    const Fd folder(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) {
        return base::fail_errno("cannot sync " + directory_, errno);
    }
    return {};
}

Result<void> ZoneCopies::touch(const dns::Name& zone) const {
    const std::string path = path_of(zone);
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0) return {};
    return base::fail_errno("cannot mark " + path, errno);
}

}  // namespace nearcast::transfer
