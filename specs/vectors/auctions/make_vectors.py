#!/usr/bin/env python3
"""Vectors of the seals of auctions, computed independently of the product.

EIP-712 is that of `eth-account` 0.14.0 (PyPI), which shares no code with ethers; HMAC-SHA256 is Python's (OpenSSL). The
values are the edges of their fields and a few in between, from a fixed seed.

    python3 -m pip install eth-account==0.14.0 && python3 specs/vectors/auctions/make_vectors.py

writes vectors.json beside this file, always the same bytes.
"""

import hashlib
import hmac
import json
import pathlib

from eth_account.messages import encode_typed_data
from eth_utils import keccak, to_checksum_address


def deterministic(label, length):
    return hashlib.shake_256(b"meterhood auctions " + label.encode()).digest(length)


def address(label):
    return to_checksum_address(deterministic(label, 20))


FIELDS = [("auctionId", "uint256"), ("value", "uint128"), ("salt", "bytes32")]


def seal(case, name, account):
    fields = [FIELDS[0], (account, "address"), *FIELDS[1:]]
    message = encode_typed_data(
        domain_data={
            "name": "SmartCommunity.Auction",
            "version": "1",
            "chainId": case["chainId"],
            "verifyingContract": case["trading"],
        },
        message_types={name: [{"name": field, "type": kind} for field, kind in fields]},
        message_data={
            "auctionId": int(case["auctionId"], 16),
            account: case["account"],
            "value": int(case["value"]),
            "salt": bytes.fromhex(case["salt"]),
        },
    )
    return "0x" + keccak(b"\x19" + message.version + message.header + message.body).hex()


def salt(case):
    message = (
        b"Meterhood-v1/bid-salt"
        + case["chainId"].to_bytes(8, "big")
        + bytes.fromhex(case["trading"][2:])
        + bytes.fromhex(case["auctionId"][2:])
        + bytes.fromhex(case["account"][2:])
        + case["nonce"].to_bytes(8, "big")
    )
    return hmac.new(bytes.fromhex(case["key"]), message, hashlib.sha256).hexdigest()


def vector(label, chain_id, number, value, nonce):
    buyer = address(label + " buyer")
    case = {
        "chainId": chain_id,
        "trading": address(label + " trading"),
        "buyer": buyer,
        "number": str(number),
        "auctionId": "0x" + (int(buyer, 16) << 64 | number).to_bytes(32, "big").hex(),
        "account": address(label + " account"),
        "value": str(value),
        "nonce": nonce,
        "key": deterministic(label + " key", 32).hex(),
    }
    case["salt"] = salt(case)
    case["bid"] = seal(case, "Bid", "bidder")
    case["maxPrice"] = seal(case, "MaxPrice", "buyer")
    return case


vectors = [
    vector("first", 1337, 1, 0, 0),
    vector("usual", 31337, 7, 18_970_000, 1),
    vector("edges", 2**53 - 1, 2**64 - 1, 2**128 - 1, 2**53 - 1),
    vector("market", 1, 2**32, 2**96 - 2, 12),
]

path = pathlib.Path(__file__).with_name("vectors.json")
path.write_text(json.dumps(vectors, indent=1) + "\n", encoding="utf-8")
