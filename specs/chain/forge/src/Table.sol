// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITradingEnabler} from "@contracts/interfaces/ITradingEnabler.sol";
import {vm} from "./Cheats.sol";
import {Game} from "./Game.sol";

/// @title What must hold after every move, and at the end of every game (specs/invariants.md).
contract Table is Game {
    uint256 private _checks;

    constructor(bool strict) Game(strict) {}

    // ---- After every move

    function check() external inTime {
        _checkMoney();
        _checkSolvency();
        if (deals.length == 0) return;
        _checkPrice(touched);
        _checkQuota(deals[touched].period, deals[touched].resource);
        uint8 turn = uint8(++_checks % 8);
        if (turn < 3) _checkQuota(_period(), turn + 1);
    }

    /// @dev Supply = balances + escrow; escrow = credits + what auctions hold; nobody took out more than it
    /// put in and won.
    function _checkMoney() private view {
        uint256 escrow = token.balanceOf(address(trading));
        uint256 sum = token.balanceOf(address(token)) + escrow;
        uint256 credits_;
        for (uint256 i; i < HOMES; ++i) {
            sum += token.balanceOf(homes[i]);
            credits_ += credit[i];
            require(trading.creditOf(homes[i]) == credit[i], "credit differs from the ledger");
            require(takenOut[i] + credit[i] <= putIn[i] + won[i], "took out more than it put in and won");
        }
        require(sum == token.totalSupply(), "supply differs from balances and escrow");
        require(credits_ + pots == escrow, "escrow differs from credits and auctions");
    }

    function _checkSolvency() private view {
        (uint256 has, uint256 needs) = token.backing();
        require(has >= needs && has == address(token).balance, "not all tokens can be bought back");
    }

    /// @dev lowest <= second lowest <= P_max, as far as bids are shown.
    function _checkPrice(uint256 at) private view {
        ITradingEnabler.Auction memory told = trading.auction(deals[at].id);
        require(told.state == deals[at].state, "state differs from the ledger");
        require(told.bids == deals[at].bidders.length && told.reveals == deals[at].revealed, "bids differ");
        if (told.winner == address(0)) return;
        require(told.lowest <= told.price && told.price <= told.maxPrice, "price out of its bounds");
        require(told.maxPrice <= told.bond, "price above the bond");
        (, uint256 winner, uint96 price) = _ends(at);
        if (told.state == ITradingEnabler.State.Shown) {
            require(homes[winner] == told.winner && price == told.price, "not the best so far");
        }
    }

    /// @dev Quotas sum to the community's contract, those of power in a slot of the windows too; what is
    /// locked is there.
    function _checkQuota(uint64 period, uint8 resource) private view {
        uint256 sum;
        uint256 sumInWindow;
        for (uint256 i; i < HOMES; ++i) {
            (uint64 energyWh, uint64 powerW, uint64 waterMl) = quota.quotaOf(homes[i], period);
            uint64 has = resource == 1 ? energyWh : resource == 2 ? powerW : waterMl;
            sum += has;
            if (resource == 2) sumInWindow += quota.powerQuotaAt(homes[i], period * SLOTS + MIDDLE);
            (,, uint64 isLocked) = quota.exchangedOf(homes[i], period, resource);
            require(isLocked == locked[period][i][resource], "locked differs from the ledger");
            require(isLocked <= has, "more is locked than there is");
        }
        (, uint64 energy, uint64 power, uint64 water,) =
            quota.communityContract(quota.revisionAt(period));
        uint256 whole = resource == 1 ? energy : resource == 2 ? power : water;
        require(sum == whole, "quotas do not sum up");
        require(resource != 2 || sumInWindow == whole, "lent power does not sum up");
    }

    // ---- At the end

    /// @dev After the last deadline every auction comes to its end by anybody's hand, whoever is frozen; all
    /// credit can be taken out, and all tokens be sold back.
    function windUp() external inTime {
        _pass(4 * PERIOD_S + DECISION_S, 4 * PERIOD_S);
        for (uint256 at; at < deals.length; ++at) _finish(at);
        for (uint256 at; at < deals.length; ++at) _shareOut(at);
        _checkMoney();
        if (paused) token.unpause();
        paused = false;
        for (uint256 i; i < HOMES; ++i) if (!frozen[i]) _leave(i);
        for (uint256 i; i < HOMES; ++i) {
            if (!frozen[i]) continue;
            token.freezeAccount(homes[i], false);
            frozen[i] = false;
            _leave(i);
        }
        require(token.balanceOf(address(trading)) == pots, "more is left than nobody may have");
        require(token.circulating() == pots, "tokens are left over");
        _checkSolvency();
    }

    function _finish(uint256 at) private {
        Deal storage deal = deals[at];
        if (deal.state == ITradingEnabler.State.Open || deal.state == ITradingEnabler.State.Shown) {
            _decide(at, STRANGER);
        }
        if (deal.state == ITradingEnabler.State.Awarded) _confirm(at, STRANGER);
        bool ended =
            deal.state == ITradingEnabler.State.Failed || deal.state == ITradingEnabler.State.Settled;
        require(ended, "an auction does not end");
        if (!deal.buyerBack) _refund(at, deal.buyer, STRANGER);
        require(deal.buyerBack, "the buyer is not refunded");
        for (uint256 i; i < deal.bidders.length; ++i) {
            uint256 home = deal.bidders[i];
            if (bids[at][home].step != Step.Refunded) _refund(at, home, STRANGER);
            require(bids[at][home].step == Step.Refunded, "a seller is not refunded");
        }
        _checkPrice(at);
        _checkQuota(deal.period, deal.resource);
    }

    /// @dev What stays in an auction is less than a micro-SCT for each home that shares, and for each of the
    /// four payments of a delivery; or all of the forfeits when nobody is left to share them.
    function _shareOut(uint256 at) private {
        uint256 sharing;
        for (uint256 i; i < HOMES; ++i) {
            if (_share(at, i) != 0) _claim(at, i);
            require(_share(at, i) == 0, "a share is not paid");
            if (bids[at][i].shared) ++sharing;
        }
        bool nobody = sharing == 0 && _forfeits(at) != 0;
        require(deals[at].pot <= (nobody ? _forfeits(at) : HOMES) + 4, "more stays than roundings");
    }

    function _leave(uint256 home) private {
        uint256 amount = credit[home];
        if (amount != 0) {
            vm.prank(homes[home]);
            trading.withdraw(amount);
            credit[home] = 0;
            takenOut[home] += amount;
        }
        uint256 tokens = token.balanceOf(homes[home]);
        if (tokens == 0) return;
        vm.prank(homes[home]);
        token.sell(tokens, 0);
    }
}
