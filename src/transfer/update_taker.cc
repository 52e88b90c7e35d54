// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_taker.h"

namespace nearcast::transfer {

std::string to_text(const Requestor& requestor) {
    std::string text = base::to_text(requestor.peer);
    if (requestor.key != nullptr) text += " key:" + dns::to_text(requestor.key->name);
    return text;
}

}  // namespace nearcast::transfer
