// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IQuota} from "@contracts/interfaces/IQuota.sol";
import {ITradingEnabler} from "@contracts/interfaces/ITradingEnabler.sol";
import {TradingEnabler} from "@contracts/TradingEnabler.sol";
import {Agreeable} from "./Agreeable.sol";
import {vm} from "./Cheats.sol";

/// @title Runs one auction of four bids on the market's own code and compares its end with the rule.
abstract contract Auctioneer {
    uint256 internal constant SELLERS = 4;
    /// @dev The ceiling is such that a bond holds every price below 2^95.
    uint64 private constant AMOUNT = type(uint48).max;
    uint64 private constant CEILING = 2 ** 57;
    address private constant BUYER = address(0xB0);
    bytes32 private constant SALT = bytes32(uint256(7));

    /// @dev No security is held of a seller: the price does not depend on it.
    uint16 private constant SECURITY_BPS = 0;

    TradingEnabler private _market;
    bool private _strict;
    uint64 private _offers;
    uint256 private _clock = 10_000_000;
    uint256 private _height = 100;

    function _found(bool strict) internal {
        Agreeable world = new Agreeable();
        _strict = strict;
        _pass();
        _market = new TradingEnabler(
            address(this),
            IERC20(address(world)),
            IQuota(address(world)),
            ITradingEnabler.Settings(1, SECURITY_BPS, strict, 100)
        );
        _market.setCeiling(1, CEILING);
        for (uint256 i; i <= SELLERS; ++i) {
            vm.prank(i == 0 ? BUYER : _seller(i - 1));
            _market.deposit(2 ** 127);
        }
    }

    /// @dev AccessManaged asks its authority, which is this contract.
    function canCall(address, address, bytes4) external pure returns (bool, uint32) {
        return (true, 0);
    }

    function _seller(uint256 i) internal pure returns (address) {
        return address(uint160(0xA0 + i));
    }

    /// @dev All four bid, `order` names those that reveal.
    function _auction(uint96 maxPrice, uint96[4] memory values, uint8[] memory order) internal {
        uint256 id = _offer(maxPrice);
        for (uint256 i; i < SELLERS; ++i) {
            bytes32 seal = _market.bidSeal(id, _seller(i), values[i], SALT);
            vm.prank(_seller(i));
            _market.receiveBid(id, seal);
        }
        _pass();
        vm.prank(BUYER);
        _market.depositMaxPrice(id, maxPrice, SALT);
        for (uint256 i; i < order.length; ++i) {
            vm.prank(_seller(order[i]));
            _market.revealBid(id, values[order[i]], SALT);
        }
        if (order.length < SELLERS) _pass();
        _market.checkWinner(id);
        _compare(_market.auction(id), maxPrice, values, order);
    }

    function _offer(uint96 maxPrice) private returns (uint256 id) {
        ++_offers;
        id = _market.auctionId(BUYER, _offers);
        bytes32 seal = _market.maxPriceSeal(id, BUYER, maxPrice, SALT);
        ITradingEnabler.Terms memory terms = ITradingEnabler.Terms(1, 0, 0, 0, AMOUNT, 10, 50, 10);
        vm.prank(BUYER);
        _market.offer(_offers, terms, seal);
    }

    function _pass() private {
        (_clock, _height) = (_clock + 20, _height + 20);
        vm.warp(_clock);
        vm.roll(_height);
    }

    /// @dev The written rule, by ranks: the winner is the one that no other beats; the price is the least of
    /// the maximum price and what the others bid.
    function _compare(
        ITradingEnabler.Auction memory told,
        uint96 maxPrice,
        uint96[4] memory values,
        uint8[] memory order
    ) private view {
        uint256 winner = SELLERS;
        bool another;
        for (uint256 i; i < order.length; ++i) {
            uint8 one = order[i];
            bool beaten = values[one] > maxPrice;
            for (uint256 k; k < order.length; ++k) {
                uint8 other = order[k];
                if (values[other] < values[one] || (values[other] == values[one] && other < one)) {
                    beaten = true;
                }
            }
            if (!beaten) winner = one;
        }
        if (winner == SELLERS) {
            assert(told.state == ITradingEnabler.State.Failed);
            assert(told.reason == ITradingEnabler.Reason.NoneUnderMax);
            return;
        }
        uint96 price = maxPrice;
        for (uint256 i; i < order.length; ++i) {
            if (order[i] == winner || values[order[i]] > maxPrice) continue;
            another = true;
            if (values[order[i]] < price) price = values[order[i]];
        }
        if (_strict && !another && order.length > 1) {
            assert(told.state == ITradingEnabler.State.Failed);
            assert(told.reason == ITradingEnabler.Reason.SecondAboveMax);
            return;
        }
        assert(told.state == ITradingEnabler.State.Awarded);
        assert(told.winner == _seller(winner));
        assert(told.price == price);
    }
}
