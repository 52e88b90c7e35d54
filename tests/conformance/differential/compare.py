"""Compares responses of two servers, and one of ours with what must hold whoever else answers."""

import dns.rcode

from differential import wire

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
    return found


def faults(question, ours):
    """What is wrong with a response, whatever others say."""
    found = []
    if ours.has_repeats:
        found.append("a record stands twice")
    if ours.question != question.to_wire(0)[12 : 12 + len(ours.question)]:
        found.append("the question did not come back as it was")
    if ours.size > question.limit():
        found.append(f"{ours.size} bytes, where {question.limit()} fit")
    if ours.has_edns != (question.size is not None):
        found.append("EDNS answers EDNS")
    if ours.has_edns and ours.is_dnssec_ok != question.wants_dnssec:
        found.append("the DO bit did not come back (RFC 3225 §3)")
    return found


def show(title, response):
    head = [dns.rcode.to_text(response.rcode), *sorted(response.flags), f"{response.size} bytes"]
    lines = [f"  {title}: {' '.join(head)}"]
    for section in SECTIONS:
        for record in sorted(getattr(response, section)):
            lines.append(f"    {section}: {wire.record_text(record)}")
    return "\n".join(lines)
