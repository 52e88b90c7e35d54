// SPDX-License-Identifier: Apache-2.0

#include "dns/header.h"

namespace nearcast::dns {

std::string to_text(Rcode rcode) {
    switch (rcode) {
        case Rcode::NoError:
            return "NOERROR";
        case Rcode::FormErr:
            return "FORMERR";
        case Rcode::ServFail:
            return "SERVFAIL";
        case Rcode::NXDomain:
            return "NXDOMAIN";
        case Rcode::NotImp:
            return "NOTIMP";
        case Rcode::Refused:
            return "REFUSED";
        case Rcode::YXDomain:
            return "YXDOMAIN";
        case Rcode::YXRRSet:
            return "YXRRSET";
        case Rcode::NXRRSet:
            return "NXRRSET";
        case Rcode::NotAuth:
            return "NOTAUTH";
        case Rcode::NotZone:
            return "NOTZONE";
        case Rcode::BadVers:
            return "BADVERS";
        case Rcode::BadKey:
            return "BADKEY";
        case Rcode::BadTime:
            return "BADTIME";
        case Rcode::BadCookie:
            return "BADCOOKIE";
    }
    return "RCODE" + std::to_string(static_cast<uint16_t>(rcode));
}

std::string to_text(Opcode opcode) {
    switch (opcode) {
        case Opcode::Query:
            return "QUERY";
        case Opcode::IQuery:
            return "IQUERY";
        case Opcode::Status:
            return "STATUS";
        case Opcode::Notify:
            return "NOTIFY";
        case Opcode::Update:
            return "UPDATE";
        case Opcode::Dso:
            return "DSO";
    }
    return "OPCODE" + std::to_string(static_cast<uint8_t>(opcode));
}

}  // namespace nearcast::dns
