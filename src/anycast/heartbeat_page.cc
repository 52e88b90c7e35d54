// SPDX-License-Identifier: Apache-2.0

#include "anycast/heartbeat_page.h"

#include <cerrno>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nearcast::anycast {
namespace {

base::Result<void*> map(int fd) {
    void* memory = mmap(nullptr, sizeof(HeartbeatPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return base::fail_errno("cannot map the heartbeat page", errno);
    return memory;
}

}  // namespace

SharedPage::SharedPage(base::Fd fd, HeartbeatPage* page)
    : fd_(std::move(fd)),
      page_(page, [](HeartbeatPage* mapped) { munmap(mapped, sizeof *mapped); }) {}

base::Result<SharedPage> SharedPage::create() {
    base::Fd fd(memfd_create("nearcast-heartbeat", MFD_CLOEXEC));
    if (!fd || ftruncate(fd.get(), sizeof(HeartbeatPage)) != 0) {
        return base::fail_errno("cannot create the heartbeat page", errno);
    }
    const auto memory = map(fd.get());
    if (!memory) return std::unexpected(memory.error());
    auto* page = new (*memory) HeartbeatPage;
    const ssize_t count = getrandom(page->probe_token.data(), page->probe_token.size(), 0);
    if (count != std::ssize(page->probe_token)) {
        return base::fail_errno("cannot draw a probe token", errno);
    }
    return SharedPage(std::move(fd), page);
}

base::Result<SharedPage> SharedPage::adopt(base::Fd fd) {
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) {
        return base::fail_errno("cannot adopt the heartbeat page", errno);
    }
    if (status.st_size != static_cast<off_t>(sizeof(HeartbeatPage))) {
        return base::fail("the inherited heartbeat page is of another build");
    }
    const auto memory = map(fd.get());
    if (!memory) return std::unexpected(memory.error());
    auto* page = static_cast<HeartbeatPage*>(*memory);
    if (page->magic != HeartbeatPage::kMagic) {
        munmap(page, sizeof *page);
        return base::fail("the inherited heartbeat page is of another build");
    }
    return SharedPage(std::move(fd), page);
}

}  // namespace nearcast::anycast
