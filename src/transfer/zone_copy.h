// SPDX-License-Identifier: Apache-2.0
//
// The copy of a secondary zone on disk: an image in a file, whole or not there.
//
// A new version is written beside the old one, synced, and renamed over it: a kill at any moment
// leaves one of the two. The image's own checksum tells every other damage. The file's time is when
// a primary last confirmed the zone, so that a restart does not make an old zone young.

#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "dns/name.h"
#include "zone/image.h"

namespace nearcast::transfer {

struct ZoneCopy {
    zone::ImageBlock image;
    std::chrono::seconds confirmed_at{};  // Since 1970.
};

class ZoneCopies {
 public:
    // The directory is made when it is first written to.
    explicit ZoneCopies(std::string directory) : directory_(std::move(directory)) {}

    // No image when there is no copy. Fails when what is there is damaged, or of another zone.
    [[nodiscard]] base::Result<ZoneCopy> load(const dns::Name& zone) const;
    [[nodiscard]] base::Result<void> save(const dns::Name& zone, const zone::Image& image) const;
    // The copy was confirmed now.
    [[nodiscard]] base::Result<void> touch(const dns::Name& zone) const;

    [[nodiscard]] std::string path_of(const dns::Name& zone) const;

 private:
    std::string directory_;
};

}  // namespace nearcast::transfer
