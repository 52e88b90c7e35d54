"""Prints each route that the kernel of this network namespace gains or loses, with the time.

A line is: "+" or "-", the prefix, CLOCK_MONOTONIC in seconds. Run by world.py inside a namespace.
"""

import ipaddress
import socket
import struct
import sys
import time

RTMGRP_IPV4_ROUTE = 0x40
RTMGRP_IPV6_ROUTE = 0x400
RTM_NEWROUTE = 24
RTM_DELROUTE = 25
RTA_DST = 1


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if size < 4:
            return
        yield kind, data[4:size]
        data = data[(size + 3) & ~3:]


def messages(data):
    while len(data) >= 16:
        size, kind = struct.unpack_from("=IH", data)
        if size < 16:
            return
        yield kind, data[16:size]
        data = data[(size + 3) & ~3:]


def prefix_of(body):
    length = body[1]
    for kind, value in attributes(body[12:]):
        if kind == RTA_DST:
            return f"{ipaddress.ip_address(value)}/{length}"
    return "default"


def main():
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    events.bind((0, RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE))
    print("ready", flush=True)
    while True:
        data = events.recv(65536)
        now = time.monotonic()
        for kind, body in messages(data):
            if kind in (RTM_NEWROUTE, RTM_DELROUTE):
                sign = "+" if kind == RTM_NEWROUTE else "-"
                print(sign, prefix_of(body), f"{now:.6f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
