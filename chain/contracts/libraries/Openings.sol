// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Points of secp256k1 and openings of commitments V = value * H_q + blinding * G.
/// @notice H_q comes from hash_to_curve (RFC 9380, secp256k1_XMD:SHA-256_SSWU_RO_) of "energyImportWh",
/// "energyExportWh", "waterMl" and "peakPowerW" with the tag
/// "Meterhood-v1-H-secp256k1_XMD:SHA-256_SSWU_RO_", so nobody knows its logarithm. Every H_q.x is below the
/// order n, which the use of ecrecover needs.
library Openings {
    uint256 internal constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant G_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant H_IMPORT_X = 0xceac39c9a7675e81b627621de84bc3ea09de95438577b720658dd28e67d2de2f;
    uint256 private constant H_EXPORT_X = 0xee5817e2576ecd68976d7bd98ba4a9a76212a8959f692d7820a631ac9b9799b0;
    uint256 private constant H_WATER_X = 0x99ec0d2d30e1d52cf4d0bc67d1ba7b4d9adf62cce14299fcb23918a033418d23;
    uint256 private constant H_PEAK_X = 0xc9a4880abdc225678ab06314391070e1a917f711b852af2ba106a78a097bdaf8;

    /// @notice Places of the quantities among the four points of a record.
    uint8 internal constant IMPORT = 0;
    uint8 internal constant WATER = 2;
    uint8 internal constant PEAK = 3;

    /// @notice Not the compressed encoding of a point of the curve.
    error NotAPoint(bytes given);
    error QuantityUnknown(uint8 given);
    /// @notice A blinding is below the order of the group.
    error BlindingOutOfRange(uint256 given);

    /// @notice A point in affine coordinates; (0, 0) is the neutral element, which is not on the curve.
    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @notice Reads a compressed point and checks that it is on the curve.
    function decompress(bytes memory given) internal view returns (Point memory point) {
        if (given.length != 33) revert NotAPoint(given);
        uint256 x;
        assembly ("memory-safe") {
            x := mload(add(given, 33))
        }
        uint8 prefix = uint8(given[0]);
        if ((prefix != 2 && prefix != 3) || x >= P) revert NotAPoint(given);
        uint256 square = addmod(mulmod(x, mulmod(x, x, P), P), 7, P);
        // P is 3 mod 4, so a square root, if there is one, is the power (P + 1) / 4. No point has y = 0.
        uint256 y = _power(square, (P + 1) >> 2);
        if (mulmod(y, y, P) != square) revert NotAPoint(given);
        if ((y & 1) != (prefix & 1)) y = P - y;
        point = Point(x, y);
    }

    /// @notice The address of a public key: the last 20 bytes of keccak256 of its coordinates.
    function keyId(Point memory point) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(point.x, point.y)))));
    }

    /// @notice The difference a - b of two points of the curve.
    function subtract(Point memory a, Point memory b) internal view returns (Point memory) {
        uint256 minusY = P - b.y;
        uint256 slope;
        if (a.x == b.x) {
            if (a.y == b.y) return Point(0, 0);
            slope = mulmod(mulmod(3, mulmod(a.x, a.x, P), P), _power(addmod(a.y, a.y, P), P - 2), P);
        } else {
            uint256 run = addmod(a.x, P - b.x, P);
            slope = mulmod(addmod(a.y, P - minusY, P), _power(run, P - 2), P);
        }
        uint256 x = addmod(mulmod(slope, slope, P), P - addmod(a.x, b.x, P), P);
        uint256 y = addmod(mulmod(slope, addmod(a.x, P - x, P), P), P - a.y, P);
        return Point(x, y);
    }

    /// @notice Whether `point` = value * H_quantity + blinding * G, by one ecrecover. With R = H, r = R.x,
    /// s = value * r and z = -blinding * r the precompile gives the address of (s * R - z * G) / r. It
    /// refuses s = 0, so a value of 0 takes R = G, s = blinding * r, z = 0. Comparing addresses binds to
    /// 2^80 against somebody who may grind both sides.
    function opens(uint8 quantity, Point memory point, uint64 value, uint256 blinding)
        internal
        pure
        returns (bool)
    {
        if (blinding >= N) revert BlindingOutOfRange(blinding);
        (uint256 r, uint8 v) = _generator(quantity);
        if (point.x == 0 && point.y == 0) return value == 0 && blinding == 0;
        uint256 s = mulmod(value, r, N);
        uint256 z = mulmod(N - blinding, r, N);
        if (value == 0) {
            if (blinding == 0) return false;
            (r, v, s, z) = (G_X, 27, mulmod(blinding, G_X, N), 0);
        }
        address found = ecrecover(bytes32(z), v, bytes32(r), bytes32(s));
        return found != address(0) && found == keyId(point);
    }

    function _generator(uint8 quantity) private pure returns (uint256 x, uint8 v) {
        if (quantity == 0) return (H_IMPORT_X, 27);
        if (quantity == 1) return (H_EXPORT_X, 28);
        if (quantity == 2) return (H_WATER_X, 28);
        if (quantity == 3) return (H_PEAK_X, 28);
        revert QuantityUnknown(quantity);
    }

    /// @notice base^exponent mod P by the precompile 5, which fails only when the gas is spent.
    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 32)
            mstore(add(input, 32), 32)
            mstore(add(input, 64), 32)
            mstore(add(input, 96), base)
            mstore(add(input, 128), exponent)
            mstore(add(input, 160), P)
            if iszero(staticcall(gas(), 5, input, 192, 0, 32)) { revert(0, 0) }
            result := mload(0)
        }
    }
}
