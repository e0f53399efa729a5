#!/usr/bin/env python3
"""Vectors of Meterhood's cryptography, computed a second time and independently of the product.

Nothing here comes from the product or from its libraries: the curve is integer arithmetic written below from SEC 2,
hash_to_curve from RFC 9380, Keccak from FIPS 202 with the padding of Ethereum, EIP-712 and HPKE (RFC 9180) from their
texts. SHA-256, HMAC and BLAKE2s are Python's (OpenSSL); ChaCha20-Poly1305 and X25519 are those of the package
`cryptography` (OpenSSL). What is published elsewhere is checked first: RFC 9380 appendix J.8.1, keccak256 of nothing, the
address of the private key 1.

    python3 -m pip install cryptography && python3 specs/vectors/crypto/make_vectors.py

writes vectors.json beside this file, always the same bytes.
"""

import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# --- secp256k1 (SEC 2, 2.4.1): y^2 = x^3 + 7 ------------------------------------------------------------------

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
INFINITY = None


def add(a, b, curve_a=0):
    if a is INFINITY:
        return b
    if b is INFINITY:
        return a
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % P == 0:
        return INFINITY
    if a == b:
        slope = (3 * x1 * x1 + curve_a) * pow(2 * y1, -1, P) % P
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(scalar, point):
    result = INFINITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def negate(point):
    return point[0], -point[1] % P


def compress(point):
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


# --- keccak256 (FIPS 202 permutation, padding 0x01) ----------------------------------------------------------------

MASK = 2**64 - 1
ROTATIONS = [[0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61], [28, 55, 25, 21, 56], [27, 20, 39, 8, 14]]


def rotate(value, by):
    return ((value << by) | (value >> (64 - by))) & MASK if by else value


def round_constants():
    state, constants = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            if state & 1:
                constant |= 1 << ((1 << j) - 1)
            state = (state << 1) ^ (0x171 if state & 0x80 else 0)
        constants.append(constant)
    return constants


ROUND_CONSTANTS = round_constants()


def keccak_f(lanes):
    for constant in ROUND_CONSTANTS:
        column = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        mixed = [column[(x - 1) % 5] ^ rotate(column[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lanes[x][y] ^ mixed[x] for y in range(5)] for x in range(5)]
        moved = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                moved[y][(2 * x + 3 * y) % 5] = rotate(lanes[x][y], ROTATIONS[x][y])
        lanes = [
            [moved[x][y] ^ (~moved[(x + 1) % 5][y] & MASK & moved[(x + 2) % 5][y]) for y in range(5)] for x in range(5)
        ]
        lanes[0][0] ^= constant
    return lanes


def keccak256(message):
    rate = 136
    padded = bytearray(message) + b"\x01" + bytes(-(len(message) + 1) % rate)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            (word,) = struct.unpack_from("<Q", padded, start + 8 * i)
            lanes[i % 5][i // 5] ^= word
        lanes = keccak_f(lanes)
    return b"".join(struct.pack("<Q", lanes[i % 5][i // 5]) for i in range(4))


def checksummed(address):
    digits = address.hex()
    digest = keccak256(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(d, 16) >= 8 else c for c, d in zip(digits, digest))


def key_id(point):
    return keccak256(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[12:]


# --- hash_to_curve, secp256k1_XMD:SHA-256_SSWU_RO_ (RFC 9380, 5.3.1, 6.6.2, 8.7, E.1) -------------------------------

ISO_A = 0x3F8731ABDD661ADCA08A5558F0F5D272E953D363CB6F0E5D405447C01A444533
ISO_B = 1771
Z = -11 % P
ISOGENY = {
    "x_num": [
        0x8E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38DAAAAA8C7,
        0x07D3D4C80BC321D5B9F315CEA7FD44C5D595D2FC0BF63B92DFFF1044F17C6581,
        0x534C328D23F234E6E2A413DECA25CAECE4506144037C40314ECBD0B53D9DD262,
        0x8E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38DAAAAA88C,
    ],
    "x_den": [
        0xD35771193D94918A9CA34CCBB7B640DD86CD409542F8487D9FE6B745781EB49B,
        0xEDADC6F64383DC1DF7C4B2D51B54225406D36B641F5E41BBC52A56612A8C6D14,
        1,
    ],
    "y_num": [
        0x4BDA12F684BDA12F684BDA12F684BDA12F684BDA12F684BDA12F684B8E38E23C,
        0xC75E0C32D5CB7C0FA9D0A54B12A0A6D5647AB046D686DA6FDFFC90FC201D71A3,
        0x29A6194691F91A73715209EF6512E576722830A201BE2018A765E85A9ECEE931,
        0x2F684BDA12F684BDA12F684BDA12F684BDA12F684BDA12F684BDA12F38E38D84,
    ],
    "y_den": [
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFF93B,
        0x7A06534BB8BDB49FD5E9E6632722C2989467C1BFC8E8D978DFB425D2685C2573,
        0x6484AA716545CA2CF3A70C3FA8FE337E0A3D21162F0D6299A7BF8192BFD2A76F,
        1,
    ],
}


def expand_message_xmd(message, dst, length):
    dst_prime = dst + bytes([len(dst)])
    first = hashlib.sha256(bytes(64) + message + struct.pack(">H", length) + b"\0" + dst_prime).digest()
    block = hashlib.sha256(first + b"\x01" + dst_prime).digest()
    output = block
    for counter in range(2, -(-length // 32) + 1):
        mixed = bytes(a ^ b for a, b in zip(first, block))
        block = hashlib.sha256(mixed + bytes([counter]) + dst_prime).digest()
        output += block
    return output[:length]


def is_square(value):
    return pow(value, (P - 1) // 2, P) in (0, 1)


def map_to_isogenous_curve(u):
    denominator = (pow(Z, 2, P) * pow(u, 4, P) + Z * u * u) % P
    if denominator == 0:
        x = ISO_B * pow(Z * ISO_A, -1, P) % P
    else:
        x = -ISO_B * pow(ISO_A, -1, P) * (1 + pow(denominator, -1, P)) % P
    g = (pow(x, 3, P) + ISO_A * x + ISO_B) % P
    if not is_square(g):
        x = Z * u * u * x % P
        g = (pow(x, 3, P) + ISO_A * x + ISO_B) % P
    y = pow(g, (P + 1) // 4, P)
    return x, (y if y % 2 == u % 2 else -y % P)


def isogeny(point):
    x, y = point
    value = {name: sum(k * pow(x, i, P) for i, k in enumerate(ks)) % P for name, ks in ISOGENY.items()}
    return (
        value["x_num"] * pow(value["x_den"], -1, P) % P,
        y * value["y_num"] * pow(value["y_den"], -1, P) % P,
    )


def hash_to_curve(message, dst):
    uniform = expand_message_xmd(message, dst, 96)
    first, second = (int.from_bytes(uniform[i : i + 48], "big") % P for i in (0, 48))
    return add(isogeny(map_to_isogenous_curve(first)), isogeny(map_to_isogenous_curve(second)))


# --- what others have published ---------------------------------------------------------------------------------

RFC_DST = b"QUUX-V01-CS02-with-secp256k1_XMD:SHA-256_SSWU_RO_"
assert hash_to_curve(b"", RFC_DST) == (
    0xC1CAE290E291AEE617EBAEF1BE6D73861479C48B841EABA9B7B5852DDFEB1346,
    0x64FA678E07AE116126F08B022A94AF6DE15985C996C3A91B64C406A960E51067,
)
assert hash_to_curve(b"abc", RFC_DST) == (
    0x3377E01EAB42DB296B512293120C6CEE72B6ECF9F9205760BD9FF11FB3CB2C4B,
    0x7F95890F33EFEBD1044D382A01B1BEE0900FB6116F94688D487C6C7B9C8371F6,
)
assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
assert checksummed(key_id(G)) == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
assert multiply(N, G) is INFINITY

# --- the scheme ----------------------------------------------------------------------------------------------------

DOMAIN = b"Meterhood-v1"


def tag(purpose):
    return DOMAIN + b"/" + purpose.encode()


def extract(salt, secret):
    return hmac.new(salt, secret, hashlib.sha256).digest()


def expand(key, info, length):
    output, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha256).digest()
        output += block
    return output[:length]


def to_scalar(wide):
    assert len(wide) == 48
    return int.from_bytes(wide, "big") % (N - 1) + 1


def scalar_bytes(value):
    return value.to_bytes(32, "big")


def challenge(purpose, *parts):
    return to_scalar(expand(extract(tag(purpose), b"".join(parts)), tag(purpose + "/scalar"), 48))


def deterministic(label, length):
    """Inputs that look random and are the same each time."""
    return expand(extract(b"vectors", label.encode()), b"", length)


QUANTITIES = ["energyImportWh", "energyExportWh", "waterMl", "peakPowerW"]
GENERATOR_DST = DOMAIN + b"-H-secp256k1_XMD:SHA-256_SSWU_RO_"
H = {name: hash_to_curve(name.encode(), GENERATOR_DST) for name in QUANTITIES}


def commit(name, value, blinding):
    return add(multiply(value, H[name]), multiply(blinding, G))


KINDS = {"essential": 1, "extended": 2, "alarm": 3}


def encode_aad(kind, binding, recipient):
    head = bytes([1, 1, KINDS[kind], 1 if binding["delegation"] else 0]) + struct.pack(">Q", binding["chainId"])
    accounts = bytes.fromhex(binding["monitoring"][2:]) + bytes.fromhex(binding["sender"][2:]) + recipient
    aad = head + accounts + struct.pack(">IQQI", binding["epoch"], binding["slot"], binding["delegation"], 0)
    assert len(aad) == 96
    return aad


def seal(public, aad, plaintext, wide):
    r = to_scalar(wide)
    ephemeral, kem = compress(multiply(r, G)), compress(multiply(r, public))
    secret = extract(tag("kem/secp256k1-hkdf-sha256"), kem)
    info = tag("key") + ephemeral + compress(public) + hashlib.sha256(aad).digest()
    output = expand(secret, info, 44)
    sealed = ChaCha20Poly1305(output[:32]).encrypt(output[32:], plaintext, aad)
    rho = {name: to_scalar(expand(secret, tag("rho/" + name) + info, 48)) for name in QUANTITIES}
    return {"wire": ephemeral + sealed, "kem": kem, "rho": rho}


def encode_essential(e):
    head = struct.pack(">BBHIQ", 1, e["flags"], 0, e["sequence"], e["t"])
    registers = struct.pack(">QQQ", e["energyImportWh"], e["energyExportWh"], e["waterMl"])
    return head + registers + struct.pack(">II", e["meanPowerW"], e["peakPowerW"]) + bytes(16)


def encode_extended(x):
    head = struct.pack(">BBQQQ", 1, len(x["frames"]), x["importOffsetWh"], x["exportOffsetWh"], x["waterOffsetMl"])
    body = b"".join(struct.pack(">H", len(f) // 2) + bytes.fromhex(f) for f in x["frames"])
    return (head + body).ljust(1024, b"\0")


def encode_alarm(a, code, severity, resource):
    head = struct.pack(">BBBBQQ", 1, code, severity, resource, a["slot"], a["t"])
    text = a["text"].encode()
    body = head + bytes.fromhex(a["home"][2:]) + struct.pack(">QQB", a["value"], a["limit"], len(text)) + text
    return body.ljust(128, b"\0")


# --- inputs --------------------------------------------------------------------------------------------------------

CHAIN_ID = 1337
MONITORING = checksummed(deterministic("monitoring", 20))
HOME = checksummed(deterministic("home", 20))
DELEGATEE = checksummed(deterministic("delegatee", 20))
COMMUNITY = checksummed(deterministic("community", 20))
EPOCH = 3
DELEGATION = 7

context = struct.pack(">Q", CHAIN_ID) + bytes.fromhex(MONITORING[2:]) + struct.pack(">I", EPOCH)


def owner_bytes(home, delegation):
    return context + bytes.fromhex(home[2:]) + struct.pack(">Q", delegation)


community_secret = deterministic("k_cg", 32)
entropy = [deterministic("p1", 32), deterministic("p2", 17)]
chain_key = extract(tag("root"), community_secret + b"".join(entropy))
next_chain_key = expand(chain_key, tag("ratchet"), 32)
x_cg = to_scalar(expand(chain_key, tag("cg-op") + context, 48))
x_dl = to_scalar(expand(chain_key, tag("dlg-base") + context, 48))
stored = deterministic("stored", 32)
owner = owner_bytes(DELEGATEE, DELEGATION)
m_sg = to_scalar(expand(chain_key, tag("hom") + owner + stored, 48))
x_sg = x_dl * m_sg % N
X_cg, X_dl, X_sg = multiply(x_cg, G), multiply(x_dl, G), multiply(x_sg, G)


def key(secret, public):
    return {"secret": scalar_bytes(secret).hex(), "bytes": compress(public).hex(), "id": checksummed(key_id(public))}


keys = {
    "communitySecret": community_secret.hex(),
    "entropy": [e.hex() for e in entropy],
    "chainKey": chain_key.hex(),
    "nextChainKey": next_chain_key.hex(),
    "context": {"chainId": CHAIN_ID, "monitoring": MONITORING, "epoch": EPOCH},
    "owner": {"home": DELEGATEE, "delegation": DELEGATION},
    "stored": stored.hex(),
    "operation": key(x_cg, X_cg),
    "delegationBase": key(x_dl, X_dl),
    "constant": scalar_bytes(m_sg).hex(),
    "operationKey": key(x_sg, X_sg),
}

EXTENDED = {
    "frames": [deterministic(f"frame{i}", length).hex() for i, length in enumerate([67, 40, 33, 1, 128])],
    "importOffsetWh": 5_000_000,
    "exportOffsetWh": 0,
    "waterOffsetMl": 2**53 - 1,
}


def reading(name, public, delegation, essential):
    binding = {
        "chainId": CHAIN_ID,
        "monitoring": MONITORING,
        "sender": HOME,
        "epoch": EPOCH,
        "slot": 894_000_000 + delegation,
        "delegation": delegation,
    }
    wides = [deterministic(name + "/r", 48), deterministic(name + "/extended r", 48)]
    aad = encode_aad("essential", binding, key_id(public))
    sealed = seal(public, aad, encode_essential(essential), wides[0])
    extended_aad = encode_aad("extended", binding, key_id(public))
    extended = seal(public, extended_aad, encode_extended(EXTENDED), wides[1])["wire"]
    points = [commit(q, essential[q], sealed["rho"][q]) for q in QUANTITIES]
    payload = sealed["wire"] + b"".join(compress(p) for p in points)
    digest = keccak256(extended)
    record = struct.pack(">QII", binding["slot"], essential["sequence"], EPOCH) + digest + payload
    packed = bytes.fromhex(HOME[2:]) + struct.pack(">QIIQ", binding["slot"], essential["sequence"], EPOCH, delegation)
    packed += keccak256(sealed["wire"]) + keccak256(payload[113:]) + digest
    return {
        "name": name,
        "binding": binding,
        "random": [w.hex() for w in wides],
        "essential": essential,
        "essentialWire": encode_essential(essential).hex(),
        "aad": aad.hex(),
        "kemPoint": sealed["kem"].hex(),
        "payload": payload.hex(),
        "blindings": [scalar_bytes(sealed["rho"][q]).hex() for q in QUANTITIES],
        "extendedWire": extended.hex(),
        "extendedDigest": digest.hex(),
        "record": record.hex(),
        "recordDigest": keccak256(packed).hex(),
    }


def essential(sequence, registers, mean, peak, flags=0):
    return {
        "flags": flags,
        "sequence": sequence,
        "t": 1_763_800_000_123,
        **dict(zip(QUANTITIES[:3], registers)),
        "meanPowerW": mean,
        "peakPowerW": peak,
    }


readings = [
    reading("direct", X_cg, 0, essential(41, [12_345_678, 0, 987_654_321], 812, 3_456, flags=1)),
    reading("delegated", X_sg, DELEGATION, essential(42, [12_345_679, 1, 987_654_400], 0, 0)),
    reading("largest", X_cg, 0, essential(2**32 - 1, [2**53 - 1] * 3, 2**32 - 1, 2**32 - 1, flags=255)),
]

# --- openings: what the contract gives to ecrecover, and the address that must come back -------------------------


def ecrecover(z, v, r, s):
    """SEC 1, 4.1.6, as the precompile 1 does it."""
    y = pow(pow(r, 3, P) + 7, (P + 1) // 4, P)
    point = (r, y if y % 2 == v - 27 else P - y)
    inverse = pow(r, -1, N)
    return key_id(add(multiply(inverse * s % N, point), multiply(-inverse * z % N, G)))


def opening(name, value, blinding):
    point = commit(name, value, blinding)
    if value == 0:
        (x, y), z, s = G, 0, blinding * G[0] % N
    else:
        (x, y) = H[name]
        z, s = -blinding * x % N, value * x % N
    v = 27 + y % 2
    assert x < N and ecrecover(z, v, x, s) == key_id(point)
    return {
        "quantity": name,
        "value": str(value),
        "blinding": scalar_bytes(blinding).hex(),
        "point": compress(point).hex(),
        "z": scalar_bytes(z).hex(),
        "v": v,
        "r": scalar_bytes(x).hex(),
        "s": scalar_bytes(s).hex(),
        "address": checksummed(key_id(point)),
    }


openings = [
    opening(name, value, to_scalar(deterministic(f"opening {name} {value}", 48)))
    for name in QUANTITIES
    for value in (0, 1, 123_456, 2**64 - 1)
]

# --- proofs, with a given nonce ------------------------------------------------------------------------------------


def constant_proof():
    wide = deterministic("constant nonce", 48)
    nonce = to_scalar(wide)
    transcript = [compress(X_dl), compress(X_sg), compress(multiply(nonce, X_dl)), hashlib.sha256(owner).digest()]
    c = challenge("hom-pok", *transcript)
    return {"random": wide.hex(), "proof": (scalar_bytes(c) + scalar_bytes((nonce + c * m_sg) % N)).hex()}


def kem_proof(which):
    wide = deterministic("kem nonce", 48)
    nonce = to_scalar(wide)
    ephemeral_secret = to_scalar(bytes.fromhex(which["random"][0]))
    R = multiply(ephemeral_secret, G)
    points = [X_cg, R, multiply(x_cg, R), multiply(nonce, G), multiply(nonce, R)]
    c = challenge("dleq", *[compress(p) for p in points], hashlib.sha256(bytes.fromhex(which["aad"])).digest())
    return {"random": wide.hex(), "proof": (scalar_bytes(c) + scalar_bytes((nonce + c * x_cg) % N)).hex()}


# --- EIP-712 ---------------------------------------------------------------------------------------------------------


def word(value):
    return value.to_bytes(32, "big")


def address_word(address):
    return bytes(12) + bytes.fromhex(address[2:])


separator = keccak256(
    keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak256(b"Meterhood")
    + keccak256(b"1")
    + word(CHAIN_ID)
    + address_word(MONITORING)
)


def typed(signature, *words):
    return keccak256(b"\x19\x01" + separator + keccak256(keccak256(signature) + b"".join(words))).hex()


aux_secret = deterministic("auxiliary", 32)
peer_key = deterministic("peer", 32)
EXPIRES = 1_763_900_000_000
registrations = {
    "opKey": typed(
        b"OpKey(address sg,uint32 epoch,uint64 dlgId,bytes32 x,uint8 parity)",
        address_word(DELEGATEE),
        word(EPOCH),
        word(DELEGATION),
        word(X_sg[0]),
        word(X_sg[1] % 2),
    ),
    "auxKey": typed(
        b"AuxKey(address sg,uint32 epoch,uint64 dlgId,bytes32 key)",
        address_word(DELEGATEE),
        word(EPOCH),
        word(DELEGATION),
        peer_key,
    ),
    "peerRecord": typed(
        b"PeerRecord(address account,bytes32 peerKey,uint64 sequence,uint64 expiresMs)",
        address_word(HOME),
        peer_key,
        word(9),
        word(EXPIRES),
    ),
    "key32": peer_key.hex(),
    "account": HOME,
    "sequence": 9,
    "expiresMs": EXPIRES,
}

# --- delivery of an operation key: HPKE base mode (RFC 9180), DHKEM(X25519) 0x0020, HKDF-SHA256 1, ChaCha20Poly1305 3 ---

KEM_SUITE = b"KEM" + struct.pack(">H", 0x20)
HPKE_SUITE = b"HPKE" + struct.pack(">HHH", 0x20, 1, 3)


def labeled_extract(suite, salt, label, secret):
    return extract(salt or bytes(32), b"HPKE-v1" + suite + label + secret)


def labeled_expand(suite, secret, label, info, length):
    return expand(secret, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


def raw(public):
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def hpke_seal(recipient, info, aad, plaintext, ephemeral):
    enc = raw(ephemeral.public_key())
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    secret = labeled_extract(KEM_SUITE, b"", b"eae_prk", shared)
    secret = labeled_expand(KEM_SUITE, secret, b"shared_secret", enc + recipient, 32)
    psk_id = labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    schedule = labeled_extract(HPKE_SUITE, secret, b"secret", b"")
    bound = b"\0" + psk_id + info_hash
    cipher_key = labeled_expand(HPKE_SUITE, schedule, b"key", bound, 32)
    nonce = labeled_expand(HPKE_SUITE, schedule, b"base_nonce", bound, 12)
    return enc + ChaCha20Poly1305(cipher_key).encrypt(nonce, plaintext, aad)


auxiliary = X25519PrivateKey.from_private_bytes(aux_secret)
delivery = {
    "auxiliarySecret": aux_secret.hex(),
    "auxiliaryPublic": raw(auxiliary.public_key()).hex(),
    "sealed": hpke_seal(
        raw(auxiliary.public_key()),
        tag("opkey"),
        owner + compress(X_sg),
        scalar_bytes(x_sg),
        X25519PrivateKey.from_private_bytes(deterministic("hpke ephemeral", 32)),
    ).hex(),
}

# --- alarm, board MAC ------------------------------------------------------------------------------------------------

ALARM = {
    "code": "quota-90",
    "severity": "warning",
    "resource": "energy",
    "slot": 894_000_000,
    "t": 1_763_800_000_123,
    "home": HOME,
    "value": 9_000,
    "limit": 10_000,
    "text": "90 % of this month's energy is used – ½ day early",
}
alarm_binding = {**readings[0]["binding"], "sender": COMMUNITY, "slot": 12, "delegation": DELEGATION}
alarm_random = deterministic("alarm r", 48)
alarm = {
    "alarm": ALARM,
    "wire": encode_alarm(ALARM, 2, 2, 1).hex(),
    "binding": alarm_binding,
    "random": alarm_random.hex(),
    "envelope": seal(
        X_sg, encode_aad("alarm", alarm_binding, key_id(X_sg)), encode_alarm(ALARM, 2, 2, 1), alarm_random
    )["wire"].hex(),
}

board_key, board_message = deterministic("board", 32), deterministic("board message", 51)
board = {
    "key": board_key.hex(),
    "message": board_message.hex(),
    "mac": hashlib.blake2s(board_message, key=board_key, digest_size=16).hexdigest(),
}

vectors = {
    "provenance": "specs/vectors/crypto/make_vectors.py: plain Python with its own curve arithmetic; see its first lines",
    "scalars": [
        {"wide": w.hex(), "scalar": scalar_bytes(to_scalar(w)).hex()}
        for w in (bytes(48), b"\xff" * 48, (N - 1).to_bytes(48, "big"), (N - 2).to_bytes(48, "big"), deterministic("w", 48))
    ],
    "generators": {name: compress(point).hex() for name, point in H.items()},
    "keys": keys,
    "extended": EXTENDED,
    "extendedPayload": encode_extended(EXTENDED).hex(),
    "readings": readings,
    "openings": openings,
    "constantProof": constant_proof(),
    "kemProof": kem_proof(readings[0]),
    "registrations": registrations,
    "delivery": delivery,
    "alarm": alarm,
    "board": board,
}

path = pathlib.Path(__file__).with_name("vectors.json")
path.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
print(f"{path}: {len(path.read_text(encoding='utf-8'))} characters")
