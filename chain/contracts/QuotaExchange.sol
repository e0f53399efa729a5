// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Height} from "./Height.sol";
import {IQuotaMarket} from "./interfaces/IQuotaMarket.sol";
import {QuotaDivision} from "./QuotaDivision.sol";

/// @title Locks, sales and loans of quota.
/// @notice An award writes only words that its offer and its bid wrote before, so that it costs little.
abstract contract QuotaExchange is IQuotaMarket, QuotaDivision, Height {
    uint8 private constant PLACES = 32;

    /// @dev One word: what a home has exchanged of one resource in one period. `locked` of power counts
    /// loans too, which stay until the period is over. `places` has a bit for each place of power taken,
    /// `offers` counts the lots that the home asked for.
    struct Exchanged {
        uint72 bought;
        uint72 sold;
        uint64 locked;
        uint32 places;
        uint16 offers;
    }

    address public immutable market;

    mapping(uint64 period => mapping(address home => Exchanged[3])) private _exchanged;
    mapping(uint64 period => mapping(address home => mapping(uint8 place => Loan))) private _loans;

    modifier onlyMarket() {
        _requireMarket();
        _;
    }

    constructor(address market_) {
        if (market_ == address(0)) revert ZeroAddress("market");
        market = market_;
    }

    // ---- Market

    function admitOffer(address buyer, Lot calldata lot)
        external
        onlyMarket
        returns (uint8 place, uint64 part)
    {
        uint64 current = monitoring.currentPeriod();
        if (lot.period != current && lot.period != current + 1) revert PeriodNotOpen(lot.period, current);
        uint256 index = _index(lot.resource);
        _keepDivision(lot.period);
        Exchanged storage exchanged = _exchanged[lot.period][buyer][index];
        ++exchanged.offers;
        if (lot.resource == POWER) place = _takePlace(exchanged, buyer, lot, true);
        part = _partOf(buyer, lot.period, index);
    }

    function lock(address seller, Lot calldata lot) external onlyMarket returns (uint8 place, uint64 part) {
        uint256 index = _index(lot.resource);
        Exchanged storage exchanged = _exchanged[lot.period][seller][index];
        part = _partOf(seller, lot.period, index);
        uint64 free = _free(part, exchanged);
        if (free < lot.amount) revert QuotaTooSmall(seller, lot.resource, free, lot.amount);
        exchanged.locked += lot.amount;
        if (lot.resource == POWER) place = _takePlace(exchanged, seller, lot, false);
        emit QuotaLocked(seller, lot.period, lot.resource, lot.amount, place);
    }

    function release(address seller, Lot calldata lot, uint8 place) external onlyMarket {
        Exchanged storage exchanged = _exchanged[lot.period][seller][_index(lot.resource)];
        exchanged.locked -= lot.amount;
        if (lot.resource == POWER) _freePlace(exchanged, seller, lot.period, place);
        emit QuotaReleased(seller, lot.period, lot.resource, lot.amount, place);
    }

    function dismissOffer(address buyer, Lot calldata lot, uint8 place) external onlyMarket {
        if (lot.resource != POWER) return;
        _freePlace(_exchanged[lot.period][buyer][_index(POWER)], buyer, lot.period, place);
    }

    function moveLocked(
        address seller,
        uint8 sellerPlace,
        address buyer,
        uint8 buyerPlace,
        uint64 period,
        uint8 resource,
        uint64 amount
    ) external onlyMarket returns (uint72 mark) {
        if (resource == POWER) {
            _lend(seller, sellerPlace, buyer, buyerPlace, period);
            return 0;
        }
        uint256 index = _index(resource);
        Exchanged storage from = _exchanged[period][seller][index];
        from.locked -= amount;
        mark = from.sold + amount;
        from.sold = mark;
        _exchanged[period][buyer][index].bought += amount;
        emit QuotaMoved(seller, buyer, period, resource, amount);
    }

    // ---- Anybody

    function quotaOf(address home, uint64 period)
        external
        view
        returns (uint64 energyWh, uint64 powerW, uint64 waterMl)
    {
        return (_quotaOf(home, period, 0), _quotaOf(home, period, 1), _quotaOf(home, period, 2));
    }

    function powerQuotaAt(address home, uint64 slot) public view returns (uint64 powerW) {
        uint64 period = slot / monitoring.slotsPerBilling();
        powerW = _quotaOf(home, period, 1);
        uint32 places = _exchanged[period][home][1].places;
        for (uint8 place; places != 0; ++place) {
            if (places & 1 != 0) {
                Loan memory loan = _loans[period][home][place];
                if (_holds(loan, slot)) powerW = loan.incoming ? powerW + loan.amount : powerW - loan.amount;
            }
            places >>= 1;
        }
    }

    function freeOf(address home, uint64 period, uint8 resource) external view returns (uint64 amount) {
        uint256 index = _index(resource);
        return _free(_partOf(home, period, index), _exchanged[period][home][index]);
    }

    function exchangedOf(address home, uint64 period, uint8 resource)
        external
        view
        returns (uint72 bought, uint72 sold, uint64 locked)
    {
        Exchanged memory exchanged = _exchanged[period][home][_index(resource)];
        return (exchanged.bought, exchanged.sold, exchanged.locked);
    }

    function loanOf(address home, uint64 period, uint8 place) public view returns (Loan memory) {
        return _loans[period][home][place];
    }

    // ---- Steps

    function _requireMarket() private view {
        if (msg.sender != market) revert NotTheMarket(msg.sender, market);
    }

    function _quotaOf(address home, uint64 period, uint256 index) internal view returns (uint64) {
        Exchanged memory exchanged = _exchanged[period][home][index];
        return uint64(_partOf(home, period, index) + exchanged.bought - exchanged.sold);
    }

    /// @dev What the home lent over a slot after the loan in `place`: it is cut first.
    function _lentLater(address home, uint64 slot, uint8 place) internal view returns (uint64 amount) {
        uint64 period = slot / monitoring.slotsPerBilling();
        Loan memory mine = _loans[period][home][place];
        for (uint8 other; other < PLACES; ++other) {
            Loan memory loan = _loans[period][home][other];
            if (loan.incoming || !_holds(loan, slot)) continue;
            bool later = loan.lentAtBlock > mine.lentAtBlock;
            if (later || (loan.lentAtBlock == mine.lentAtBlock && other > place)) amount += loan.amount;
        }
    }

    function _free(uint64 part, Exchanged memory exchanged) private pure returns (uint64) {
        return uint64(part + exchanged.bought - exchanged.sold - exchanged.locked);
    }

    function _takePlace(Exchanged storage exchanged, address home, Lot calldata lot, bool incoming)
        private
        returns (uint8 place)
    {
        uint32 places = exchanged.places;
        if (places == type(uint32).max) revert NoPlace(home, lot.period);
        while ((places >> place) & 1 != 0) ++place;
        exchanged.places = places | (uint32(1) << place);
        _loans[lot.period][home][place] = Loan(lot.amount, lot.fromSlot, lot.untilSlot, 0, incoming);
    }

    function _freePlace(Exchanged storage exchanged, address home, uint64 period, uint8 place) private {
        exchanged.places &= ~(uint32(1) << place);
        delete _loans[period][home][place];
    }

    function _lend(address seller, uint8 sellerPlace, address buyer, uint8 buyerPlace, uint64 period)
        private
    {
        Loan storage loan = _loans[period][seller][sellerPlace];
        loan.lentAtBlock = uint40(_height());
        _loans[period][buyer][buyerPlace].lentAtBlock = uint40(_height());
        (uint64 amount, uint64 fromSlot, uint64 untilSlot) = (loan.amount, loan.fromSlot, loan.untilSlot);
        emit PowerLent(seller, buyer, period, amount, fromSlot, untilSlot, sellerPlace, buyerPlace);
    }

    function _holds(Loan memory loan, uint64 slot) private pure returns (bool) {
        return loan.lentAtBlock != 0 && loan.fromSlot <= slot && slot < loan.untilSlot;
    }
}
