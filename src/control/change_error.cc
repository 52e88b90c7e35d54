// SPDX-License-Identifier: Apache-2.0

#include "control/change_error.h"

namespace nearcast::control {

std::string to_text(const RrsetFault& fault) {
    if (fault.field == "content") return fault.reason;
    return "RRset " + dns::to_text(fault.owner) + " IN " + dns::to_text(fault.type) + ": " +
           fault.reason;
}

std::unexpected<ChangeError> refuse(std::vector<RrsetFault> faults) {
    std::string message = to_text(faults.front());
    return std::unexpected(
        ChangeError{ChangeError::Kind::Invalid, std::move(message), std::move(faults)});
}

}  // namespace nearcast::control
