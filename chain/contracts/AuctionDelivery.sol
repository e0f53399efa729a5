// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQuota} from "./interfaces/IQuota.sol";
import {AuctionBook} from "./AuctionBook.sol";
import {AuctionCredit} from "./AuctionCredit.sol";

/// @title What becomes of the money of a decided auction: refunds, payment by delivery, forfeits (figure 6).
abstract contract AuctionDelivery is AuctionBook, AuctionCredit {
    mapping(uint256 id => mapping(address home => bool)) private _shared;

    // ---- Refunds

    function refundSucceed(uint256 id, address account) external {
        Kept storage kept = _kept(id);
        if (kept.state != State.Awarded && kept.state != State.Settled) {
            revert WrongState(kept.state, State.Awarded);
        }
        uint256 amount;
        if (account == _buyerOf(id)) {
            _requireFirst(kept, id);
            amount = kept.bond - kept.second;
        } else {
            Bid storage bid = _bidToRefund(id, account);
            if (account == kept.winner) amount = kept.bond - heldFor(kept.lowest);
            else amount = _backToLoser(kept, bid, account, bid.state == BidState.Revealed);
            bid.state = BidState.Refunded;
        }
        _refund(id, account, amount);
    }

    function refundFail(uint256 id, address account) external {
        Kept storage kept = _in(id, State.Failed);
        bool unshown = kept.reason == Reason.NoMaxPrice;
        uint256 amount;
        if (account == _buyerOf(id)) {
            _requireFirst(kept, id);
            _exchange.dismissOffer(account, _lotOf(kept), kept.buyerPlace);
            amount = unshown ? 0 : kept.bond;
        } else {
            Bid storage bid = _bidToRefund(id, account);
            amount = _backToLoser(kept, bid, account, unshown || bid.state == BidState.Revealed);
            bid.state = BidState.Refunded;
        }
        _refund(id, account, amount);
    }

    // ---- Delivery

    function confirmResourceExchange(uint256 id) external {
        Kept storage kept = _in(id, State.Awarded);
        (bool decided, uint64 delivered, IQuota.Status status) = _decision(kept);
        if (!decided) {
            bool accepted = msg.sender == _buyerOf(id) && block.timestamp < _closesAt(kept.period);
            if (!accepted) revert NotDecided(status, _silentUntil(kept));
            delivered = kept.amount;
        }
        kept.state = State.Settled;
        _pay(id, kept, delivered);
    }

    function challengeDelivery(uint256 id, uint64 number) external {
        Kept storage kept = _in(id, State.Awarded);
        (bool decided,, IQuota.Status status) = _decision(kept);
        if (decided && (status == IQuota.Status.None || status == IQuota.Status.Void)) {
            revert DecidedBySilence(_silentUntil(kept));
        }
        _requireClosed(kept);
        (address winner, uint64 period, uint8 subject) = (kept.winner, kept.period, _subjectOf(kept));
        if (msg.sender == winner) _exchange.demandForHome(winner, period, subject);
        else if (msg.sender == _buyerOf(id)) _exchange.demandForMarket(winner, period, subject, number);
        else revert NotAParty(msg.sender);
    }

    function deliveryOf(uint256 id) external view returns (bool decided, uint64 delivered) {
        Kept storage kept = _in(id, State.Awarded);
        (decided, delivered,) = _decision(kept);
    }

    // ---- Forfeits

    function claimForfeit(uint256 id) external {
        Kept storage kept = _kept(id);
        if (monitoring.currentPeriod() <= kept.period) revert PeriodNotOver(kept.period);
        uint256 amount = shareOf(id, msg.sender);
        if (amount == 0) revert NothingToShare(id, msg.sender);
        _shared[id][msg.sender] = true;
        _give(msg.sender, amount);
        emit ForfeitShared(id, msg.sender, amount);
    }

    function forfeitOf(uint256 id) public view returns (uint256 amount) {
        Kept storage kept = _kept(id);
        if (kept.state == State.Open || kept.state == State.Shown) return 0;
        if (kept.reason == Reason.NoMaxPrice) return kept.bond;
        return kept.revealEnd == 0 ? 0 : uint256(kept.bids - kept.reveals) * kept.bond;
    }

    function shareOf(uint256 id, address home) public view returns (uint256 amount) {
        Kept storage kept = _kept(id);
        if (home == _buyerOf(id) || _bids[id][home].state != BidState.None || _shared[id][home]) return 0;
        (uint64 part, uint64 whole) = quota.partOf(home, kept.period, kept.resource);
        return part == 0 ? 0 : forfeitOf(id) * part / (whole - kept.partiesPart);
    }

    // ---- Steps

    /// @dev Whether delivery is decided, what was delivered, and how far the seller's excess has come.
    function _decision(Kept storage kept)
        internal
        view
        returns (bool decided, uint64 delivered, IQuota.Status status)
    {
        uint64 excess;
        (excess, status) = quota.excessOf(kept.winner, kept.period, _subjectOf(kept));
        if (kept.resource != POWER && block.timestamp < _closesAt(kept.period)) return (false, 0, status);
        if (status == IQuota.Status.Final || status == IQuota.Status.Opened) {
            return (true, kept.amount - _cut(kept, excess), status);
        }
        if (status == IQuota.Status.Unproved) return (true, 0, status);
        bool silent = status == IQuota.Status.None || status == IQuota.Status.Void;
        decided = silent && block.timestamp >= _silentUntil(kept);
        if (decided && quota.metered(kept.winner, kept.period)) delivered = kept.amount;
    }

    /// @dev How much of this lot the excess takes: lots sold later are cut first.
    function _cut(Kept storage kept, uint64 excess) private view returns (uint64) {
        uint256 left = excess;
        if (kept.resource != POWER) {
            (, uint72 sold,) = _exchange.exchangedOf(kept.winner, kept.period, kept.resource);
            uint256 later = sold - kept.mark;
            left = left > later ? left - later : 0;
        }
        return left < kept.amount ? uint64(left) : kept.amount;
    }

    /// @dev From then on silence decides.
    function _silentUntil(Kept storage kept) private view returns (uint256) {
        return _closesAt(kept.period) + decisionSeconds;
    }

    function _pay(uint256 id, Kept storage kept, uint64 delivered) private {
        (address seller, address buyer) = (kept.winner, _buyerOf(id));
        (uint256 price, uint256 held, uint256 amount) = (kept.second, heldFor(kept.lowest), kept.amount);
        uint256 missing = amount - delivered;
        uint256 paid = price * delivered / amount;
        uint256 penalty = held * missing / amount;
        _give(seller, paid + held * delivered / amount);
        _give(buyer, price * missing / amount + penalty);
        emit ExchangeConfirmed(id, seller, buyer, delivered, uint96(paid), uint96(penalty));
    }

    function _requireClosed(Kept storage kept) internal view {
        uint256 closing = _closesAt(kept.period);
        if (kept.resource != POWER && block.timestamp < closing) revert NotClosed(closing);
    }

    function _requireFirst(Kept storage kept, uint256 id) private {
        if (kept.buyerRefunded) revert NothingToRefund(id, _buyerOf(id));
        kept.buyerRefunded = true;
    }

    function _bidToRefund(uint256 id, address account) private view returns (Bid storage bid) {
        bid = _bids[id][account];
        if (bid.state == BidState.None || bid.state == BidState.Refunded) {
            revert NothingToRefund(id, account);
        }
    }

    function _backToLoser(Kept storage kept, Bid storage bid, address seller, bool deserved)
        private
        returns (uint256)
    {
        _exchange.release(seller, _lotOf(kept), bid.place);
        return deserved ? kept.bond : 0;
    }

    function _refund(uint256 id, address account, uint256 amount) internal {
        _give(account, amount);
        emit Refunded(id, account, amount);
    }
}
