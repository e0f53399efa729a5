// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Openings} from "@contracts/libraries/Openings.sol";

/// @title Commitments V = value * H_q + blinding * G, made as a home makes them.
library Commitments {
    bytes32 private constant G_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    bytes32 private constant IMPORT_X = 0xceac39c9a7675e81b627621de84bc3ea09de95438577b720658dd28e67d2de2f;
    bytes32 private constant WATER_X = 0x99ec0d2d30e1d52cf4d0bc67d1ba7b4d9adf62cce14299fcb23918a033418d23;
    bytes32 private constant PEAK_X = 0xc9a4880abdc225678ab06314391070e1a917f711b852af2ba106a78a097bdaf8;

    function commit(uint8 quantity, uint256 value, uint256 blinding)
        internal
        view
        returns (Openings.Point memory)
    {
        Openings.Point memory base = quantity == Openings.IMPORT
            ? _read(2, IMPORT_X)
            : quantity == Openings.WATER ? _read(3, WATER_X) : _read(3, PEAK_X);
        return add(_multiply(base, value), _multiply(_read(2, G_X), blinding));
    }

    function add(Openings.Point memory a, Openings.Point memory b)
        internal
        view
        returns (Openings.Point memory)
    {
        if (a.x == 0) return b;
        if (b.x == 0) return a;
        return Openings.subtract(a, Openings.Point(b.x, Openings.P - b.y));
    }

    function compress(Openings.Point memory point) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(2 + (point.y & 1)), point.x);
    }

    function _read(uint8 prefix, bytes32 x) private view returns (Openings.Point memory) {
        return Openings.decompress(abi.encodePacked(prefix, x));
    }

    function _multiply(Openings.Point memory point, uint256 times)
        private
        view
        returns (Openings.Point memory sum)
    {
        for (; times != 0; times >>= 1) {
            if (times & 1 != 0) sum = add(sum, point);
            point = add(point, point);
        }
    }
}
