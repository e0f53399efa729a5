// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITradingEnabler} from "@contracts/interfaces/ITradingEnabler.sol";
import {vm} from "./Cheats.sol";
import {Players} from "./Players.sol";

/// @title The moves of the game: forge calls them in any order with any numbers.
contract Game is Players {
    constructor(bool strict) Players(strict) {}

    uint256 private constant STEPS = 24;
    uint256 private _moves;

    modifier withDeals() {
        if (deals.length != 0) _;
    }

    /// @dev Forge likes small numbers and edges; a move wants every bit to be random.
    function _mix(uint256 seed) private returns (uint256) {
        return uint256(keccak256(abi.encode(seed, ++_moves)));
    }

    // ---- Moves

    function offer(uint256 seed) external inTime {
        seed = _mix(seed);
        _offer(seed);
    }

    function bid(uint256 seed) external inTime withDeals {
        seed = _mix(seed);
        _bid(_deal(seed), seed / 8 % HOMES, seed >> 20);
    }

    /// @dev Whatever auctions need next, at the time that they need it.
    function goOn(uint256 seed) external inTime withDeals {
        for (uint256 i; i < STEPS; ++i) {
            seed = _mix(seed);
            _goOn(_deal(seed), seed >> 8);
        }
    }

    function goOnWithOne(uint256 seed) external inTime withDeals {
        uint256 at = _awarded(_mix(seed));
        for (uint256 i; i < STEPS; ++i) _goOn(at, _mix(seed));
    }

    function showOrCancel(uint256 seed) external inTime withDeals {
        seed = _mix(seed);
        uint256 at = _deal(seed);
        uint256 by = seed & 256 == 0 ? deals[at].buyer : seed / 512 % HOMES;
        if (seed & 4096 == 0) _show(at, by);
        else _cancel(at, by);
    }

    /// @dev Also another home's bid, or another value.
    function reveal(uint256 seed) external inTime withDeals {
        seed = _mix(seed);
        uint256 home = seed / 8 % HOMES;
        uint256 from = seed & 256 == 0 ? home : seed / 512 % HOMES;
        _reveal(_deal(seed), home, from, seed & 65_536 == 0 ? 0 : 1);
    }

    function decideOrConfirm(uint256 seed) external inTime withDeals {
        seed = _mix(seed);
        uint256 at = _deal(seed);
        if (seed & 256 == 0) _decide(at, STRANGER);
        else _confirm(at, homes[seed / 512 % HOMES]);
    }

    function refundOrClaim(uint256 seed) external inTime withDeals {
        seed = _mix(seed);
        uint256 home = seed / 8 % HOMES;
        if (seed & 256 == 0) _refund(_deal(seed), home, STRANGER);
        else _claim(_deal(seed), home);
    }

    function judge(uint256 seed) external inTime withDeals {
        seed = _mix(seed);
        uint256 at = _awarded(seed);
        uint256 what = seed / 8 % 4;
        if (what == 0) _state(at, seed >> 20);
        else if (what == 1) _challenge(at, seed / 64 % HOMES);
        else if (what == 2) _open(at, seed & 64 == 0 ? address(this) : homes[seed / 128 % HOMES]);
        else if (_meter(seed / 64 % HOMES, seed / 512)) ++done["meter"];
    }

    function wait(uint256 seed) external inTime {
        seed = _mix(seed);
        _pass(seed % 15, seed / 16 % 15);
    }

    function credits(uint256 seed) external inTime {
        seed = _mix(seed);
        uint256 home = seed % HOMES;
        uint256 amount = (seed >> 8) % 50e6;
        if (seed & 128 == 0) {
            if (!_trade("deposit", home, abi.encodeCall(trading.deposit, (amount)))) return;
            (credit[home], putIn[home]) = (credit[home] + amount, putIn[home] + amount);
        } else {
            if (seed & 64 == 0) amount = credit[home] + seed / 256 % 2;
            if (!_trade("withdraw", home, abi.encodeCall(trading.withdraw, (amount)))) return;
            (credit[home], takenOut[home]) = (credit[home] - amount, takenOut[home] + amount);
        }
        require(!paused && !frozen[home], "a frozen or paused token moved");
    }

    function exchange(uint256 seed) external inTime {
        seed = _mix(seed);
        address home = homes[seed % HOMES];
        uint256 what = seed / 8 % 4;
        uint256 amount = (seed >> 16) % 40e6;
        bytes memory data;
        if (what == 0) data = abi.encodeCall(token.sell, (amount, 0));
        else if (what == 1) data = abi.encodeCall(token.transfer, (homes[seed / 64 % HOMES], amount));
        if (what < 2) _try(what == 0 ? "sell" : "transfer", home, address(token), data);
        else if (what == 2) _buy(home, amount * 1e11);
        else _create(homes[seed / 64 % HOMES], amount, seed & 4096 == 0);
    }

    function govern(uint256 seed) external inTime {
        seed = _mix(seed);
        uint256 what = seed % 8;
        if (what == 0) _freeze(seed / 8 % HOMES, seed & 64 != 0);
        else if (what == 1) _pause(seed & 24 == 0);
        else if (what == 2) _divideAgain(uint64(seed / 8 % 8));
        else if (what == 3) _admission(seed / 8 % HOMES);
        else if (what == 4) _ceiling(seed >> 8);
        else if (what == 5) _price(seed >> 8);
        else _meddle(seed >> 8);
    }

    // ---- Of the moves

    function _goOn(uint256 at, uint256 seed) private {
        ITradingEnabler.State state = deals[at].state;
        if (state == ITradingEnabler.State.Open) _negotiate(at, seed);
        else if (state == ITradingEnabler.State.Shown) _revealNext(at, seed);
        else if (state == ITradingEnabler.State.Awarded) _deliver(at, seed);
        else _close(at, seed);
    }

    /// @dev Refunds and shares of an auction that is over; when nothing is left of them, another begins.
    function _close(uint256 at, uint256 seed) private {
        Deal storage deal = deals[at];
        if (!deal.buyerBack) return _refund(at, deal.buyer, STRANGER);
        for (uint256 i; i < deal.bidders.length; ++i) {
            uint256 home = deal.bidders[(i + seed) % deal.bidders.length];
            if (bids[at][home].step != Step.Refunded) return _refund(at, home, STRANGER);
        }
        if (seed & 7 == 0 && _forfeits(at) != 0) _claim(at, seed / 8 % HOMES);
        else _offer(seed >> 8);
    }

    function _negotiate(uint256 at, uint256 seed) private {
        ITradingEnabler.Auction memory told = trading.auction(deals[at].id);
        bool taking = clock <= told.commitEnd;
        if (taking && deals[at].bidders.length < 1 + seed % 4) {
            _bid(at, _nextBidder(at, seed / 4 % HOMES), seed >> 20);
        } else if (seed / 32 % 16 == 0 || clock > told.showEnd) {
            _passTo(told.showEnd + 1);
            _decide(at, STRANGER);
        } else if (told.bids != 0) {
            (uint256 block_, uint256 time) = trading.showFrom(deals[at].id);
            _passTo(time);
            if (height < block_) _pass(0, block_ - height);
            _show(at, deals[at].buyer);
        }
    }

    function _nextBidder(uint256 at, uint256 home) private view returns (uint256) {
        for (uint256 i; i < HOMES; ++i) {
            uint256 next = (home + i) % HOMES;
            if (next != deals[at].buyer && bids[at][next].step == Step.None) return next;
        }
        return home;
    }

    function _revealNext(uint256 at, uint256 seed) private {
        uint256[] storage bidders = deals[at].bidders;
        for (uint256 i; i < bidders.length; ++i) {
            uint256 home = bidders[(i + seed) % bidders.length];
            if (bids[at][home].step == Step.Sealed && seed / 16 % 8 != 0) {
                return _reveal(at, home, home, 0);
            }
        }
        if (deals[at].revealed < bidders.length) _passTo(trading.auction(deals[at].id).revealEnd + 1);
        _decide(at, STRANGER);
    }

    /// @dev After an award, the period comes to its end and delivery is judged, one way or another.
    function _deliver(uint256 at, uint256 seed) private {
        uint64 period = deals[at].period;
        uint256 what = seed % 16;
        if (_period() <= period) {
            if (what == 0) _confirm(at, homes[deals[at].buyer]);
            else if (what < 6) _passTo((uint256(period) + 1) * PERIOD_S);
            else _refund(at, seed / 16 % HOMES, STRANGER);
            return;
        }
        if (what < 4 && _meter(deals[at].winner, seed / 16)) ++done["meter"];
        else if (what < 6) _state(at, seed >> 8);
        else if (what < 8) _challenge(at, what == 6 ? deals[at].buyer : deals[at].winner);
        else if (what < 11) _open(at, what == 8 ? homes[deals[at].winner] : address(this));
        else if (what == 11) _pass(0, WINDOW_BLOCKS + 1);
        else if (what == 12 && seed & 256 == 0) _passTo((uint256(period) + 1) * PERIOD_S + DECISION_S);
        else _confirm(at, STRANGER);
    }

    function _passTo(uint256 time) private {
        if (time > clock) _pass(time - clock, time - clock);
    }

    function _buy(address home, uint256 wei_) private {
        if (home.balance < wei_) return;
        vm.prank(home);
        (bool ok,) = address(token).call{value: wei_}(abi.encodeCall(token.buy, (0)));
        if (ok) ++done["buy"];
    }

    function _create(address to, uint256 amount, bool backed) private {
        uint256 wei_ = backed ? (amount * token.sellPrice() + 999_999) / 1e6 : 0;
        (bool ok,) = address(token).call{value: wei_}(abi.encodeCall(token.createToken, (amount, to)));
        if (ok) ++done["create"];
    }

    function _freeze(uint256 home, bool on) private {
        bytes memory data = abi.encodeCall(token.freezeAccount, (homes[home], on));
        if (_try("freeze", address(this), address(token), data)) frozen[home] = on;
    }

    function _pause(bool on) private {
        bytes memory data = on ? abi.encodeCall(token.pause, ()) : abi.encodeCall(token.unpause, ());
        if (_try("pause", address(this), address(token), data)) paused = on;
    }

    function _divideAgain(uint64 turn) private {
        if (quota.earliestPeriod() <= _period() + 3) {
            _divide(turn);
            ++done["divide"];
        }
    }

    function _admission(uint256 home) private {
        if (monitoring.isAdmitted(homes[home])) {
            monitoring.revoke(homes[home]);
            ++done["revoke"];
        } else {
            monitoring.admit(homes[home], bytes32(home + 1));
            _publishKey(home);
        }
    }

    function _ceiling(uint256 seed) private {
        uint64 price = uint64(1_500_000 + seed % 1_000_000);
        trading.setCeiling(1, price);
    }

    function _price(uint256 seed) private {
        (,,, uint64 postedAt) = token.lastMarketPrice(1);
        if (clock < postedAt + 300) return;
        _postPrice(uint64(120_000 + seed % 80_000));
        uint96 follows = uint96(token.nextTokenPrice());
        uint96 spread = follows / 100 * uint96(seed / 2 % 4);
        bytes memory data = abi.encodeCall(token.setSCTPrice, (follows + spread, follows - spread));
        _try("price", address(this), address(token), data);
    }

    /// @dev Calls that nobody may make.
    function _meddle(uint256 seed) private {
        address by = seed & 1 == 0 ? STRANGER : homes[seed / 2 % HOMES];
        uint256 what = seed / 16 % 4;
        (address to, bytes memory data) = (address(token), abi.encodeCall(token.pause, ()));
        if (what == 0) (to, data) = (address(trading), abi.encodeCall(trading.setCeiling, (1, 1)));
        if (what == 1) data = abi.encodeCall(token.createToken, (1e6, by));
        if (what == 2) {
            to = address(quota);
            data = abi.encodeCall(quota.moveLocked, (homes[0], 0, by, 0, _period(), 1, 1));
        }
        require(!_try("meddle", by, to, data), "a stranger was obeyed");
    }
}
