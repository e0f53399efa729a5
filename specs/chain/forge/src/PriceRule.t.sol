// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auctioneer} from "./Auctioneer.sol";

/// @title Every order of up to four reveals and the maximum price, and every order of revealing.
/// @notice The market only compares and copies these numbers, so its end depends on how they are ordered and
/// on nothing else: as many cases as there are orders, ties among them (docs/decisions/100-price-rule.md).
abstract contract EveryOrder is Auctioneer {
    uint256 internal auctions;

    /// @dev So many chosen one after the other, and so many orders of them and the maximum price.
    function _all(bool strict) internal {
        _found(strict);
        for (uint256 reveals = 1; reveals <= SELLERS; ++reveals) _choose(new uint8[](reveals), 0, 0);
        // 4 * 3 + 12 * 13 + 24 * 75 + 24 * 541: selections times weak orders of one more.
        assert(auctions == 14_952);
    }

    /// @dev Every selection of sellers, in every order.
    function _choose(uint8[] memory order, uint256 at, uint256 taken) private {
        if (at == order.length) return _rank(order, new uint8[](at + 1), 0);
        for (uint8 seller; seller < SELLERS; ++seller) {
            if ((taken >> seller) & 1 != 0) continue;
            order[at] = seller;
            _choose(order, at + 1, taken | (1 << seller));
        }
    }

    /// @dev Every weak order: ranks without a gap.
    function _rank(uint8[] memory order, uint8[] memory ranks, uint256 at) private {
        if (at < ranks.length) {
            for (uint8 rank; rank < ranks.length; ++rank) {
                ranks[at] = rank;
                _rank(order, ranks, at + 1);
            }
            return;
        }
        uint256 seen;
        for (uint256 i; i < ranks.length; ++i) seen |= 1 << ranks[i];
        if (seen & (seen + 1) != 0) return;
        uint96[4] memory values;
        for (uint256 i; i < order.length; ++i) values[order[i]] = ranks[i];
        ++auctions;
        // A call of its own, so that its memory is given back.
        this.auction(ranks[order.length], values, order);
    }

    function auction(uint96 maxPrice, uint96[4] memory values, uint8[] memory order) external {
        _auction(maxPrice, values, order);
    }
}

contract LenientOrders is EveryOrder {
    function test_everyOrderEndsAsTheRuleSays() external {
        _all(false);
    }
}

contract StrictOrders is EveryOrder {
    function test_everyOrderEndsAsTheRuleSays() external {
        _all(true);
    }
}

/// @title The same for every number below 2^95, by symbolic execution.
contract AnyPrice is Auctioneer {
    function setUp() external {
        _found(false);
    }

    function check_one(uint96 maxPrice, uint96[4] memory values) external {
        _upTo(1, maxPrice, values);
    }

    function check_two(uint96 maxPrice, uint96[4] memory values) external {
        _upTo(2, maxPrice, values);
    }

    function check_three(uint96 maxPrice, uint96[4] memory values) external {
        _upTo(3, maxPrice, values);
    }

    function check_four(uint96 maxPrice, uint96[4] memory values) external {
        _upTo(4, maxPrice, values);
    }

    function _upTo(uint8 reveals, uint96 maxPrice, uint96[4] memory values) private {
        if (maxPrice >= 2 ** 95) return;
        uint8[] memory order = new uint8[](reveals);
        for (uint8 i; i < reveals; ++i) order[i] = reveals - 1 - i;
        _auction(maxPrice, values, order);
    }
}
