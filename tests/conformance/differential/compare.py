"""Compares responses of two servers, and knows which differences are explained and why."""

import dns.rcode

import differential.wire as wire


SECTIONS = ("answer", "authority", "additional")


def differences(ours, theirs):
    """What differs, as short words."""
    found = []
    if ours.rcode != theirs.rcode:
        found.append("rcode")
    found += [f"flag {f}" for f in sorted(ours.flags ^ theirs.flags)]
    if ours.has_edns != theirs.has_edns:
        found.append("edns")
    # What a truncated response still holds is the server's choice (RFC 2181 §9).
    is_truncated = "TC" in ours.flags & theirs.flags
    for section in () if is_truncated else SECTIONS:
        if getattr(ours, section) != getattr(theirs, section):
            found.append(section)
    if ours.has_repeats:
        found.append("repeats")
    return found


def show(title, response):
    lines = [f"  {title}: {dns.rcode.to_text(response.rcode)} {' '.join(sorted(response.flags))}"]
    for section in SECTIONS:
        for record in sorted(getattr(response, section)):
            lines.append(f"    {section}: {wire.record_text(record)}")
    return "\n".join(lines)
