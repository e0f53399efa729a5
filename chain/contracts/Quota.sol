// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IResourceMonitoring} from "./interfaces/IResourceMonitoring.sol";
import {Openings} from "./libraries/Openings.sol";
import {QuotaDivision} from "./QuotaDivision.sol";
import {QuotaExchange} from "./QuotaExchange.sol";

/// @title Quotas of the homes and the excess over them.
contract Quota is QuotaExchange {
    uint8 private constant MOST_ROUNDS = 3;
    /// @dev Subjects from here on are loans of power, by their place.
    uint8 private constant FIRST_LOAN = 16;

    /// @dev `record` is the digest of the record whose peak is meant. `byMarket`: the counterparty of a trade
    /// demanded the opening.
    struct Excess {
        uint64 amount;
        uint64 lastBlock;
        Status status;
        uint8 round;
        bool byMarket;
        bytes32 record;
    }

    uint64 public immutable windowBlocks;

    mapping(address home => mapping(uint64 period => mapping(uint8 subject => Excess))) private _excess;

    /// @dev A home may open what is its own.
    modifier managerOr(address home) {
        _requireManagerOr(home);
        _;
    }

    constructor(
        address authority_,
        IResourceMonitoring monitoring_,
        address market_,
        uint64 windowBlocks_
    ) QuotaDivision(authority_, monitoring_) QuotaExchange(market_) {
        if (windowBlocks_ == 0) revert ZeroWindow();
        windowBlocks = windowBlocks_;
    }

    // ---- Manager

    function assertExcess(address home, uint64 period, uint8 resource, uint64 excess) external restricted {
        if (resource != ENERGY && resource != WATER) revert WrongResource(resource);
        if (excess == 0) revert NoExcess();
        _requireMetered(home, period);
        _assert(home, period, resource, excess, 0);
    }

    function assertPeak(address home, uint64 period, uint64 number, uint64 excess) external restricted {
        if (excess == 0) revert NoExcess();
        _assert(home, period, POWER, excess, monitoring.recordAt(home, number));
    }

    function withdrawExcess(address home, uint64 period, uint8 subject) external restricted {
        Excess storage excess = _excess[home][period][subject];
        bool demanded = _statusOf(excess) == Status.Demanded && !excess.byMarket;
        if (!demanded) _requireStatus(excess, Status.Asserted);
        excess.status = Status.Void;
        emit ExcessVoid(home, period, subject, excess.amount);
    }

    // ---- Market

    function assertForMarket(address home, uint64 period, uint8 subject, uint64 number, uint64 excess)
        external
        onlyMarket
    {
        _requireOver(home, period, subject);
        bool shown = subject >= FIRST_LOAN && excess != 0;
        _assert(home, period, subject, excess, shown ? monitoring.recordAt(home, number) : bytes32(0));
    }

    function demandForMarket(address home, uint64 period, uint8 subject, uint64 number) external onlyMarket {
        _requireOver(home, period, subject);
        Excess storage excess = _excess[home][period][subject];
        Status status = _statusOf(excess);
        bool undecided = status == Status.None || status == Status.Void || status == Status.Asserted;
        if (!undecided && (status != Status.Demanded || excess.byMarket)) {
            revert WrongStatus(status, Status.Asserted);
        }
        if (status == Status.Void) excess.amount = 0;
        if (subject >= FIRST_LOAN) excess.record = monitoring.recordAt(home, number);
        excess.byMarket = true;
        _demand(excess, home, period, subject);
    }

    function demandForHome(address home, uint64 period, uint8 subject) external onlyMarket {
        _demandOwn(home, period, subject);
    }

    // ---- Homes

    function demandOpening(address home, uint64 period, uint8 subject) external {
        if (msg.sender != home) revert NotTheHome(msg.sender, home);
        _demandOwn(home, period, subject);
    }

    // ---- Openings, by the manager or the home

    function openExcess(
        address home,
        uint64 period,
        uint8 resource,
        uint64 startPeriod,
        Record calldata start,
        Record calldata end,
        uint64 value,
        uint256 blinding
    ) external managerOr(home) {
        if (resource != ENERGY && resource != WATER) revert WrongResource(resource);
        Excess storage excess = _demanded(home, period, resource);
        if (!monitoring.standsFor(home, startPeriod, period - 1)) {
            revert AnchorDoesNotStand(home, startPeriod, period - 1);
        }
        if (!monitoring.standsFor(home, period, period)) revert AnchorDoesNotStand(home, period, period);
        _requireAnchor(home, startPeriod, start);
        _requireAnchor(home, period, end);
        uint8 quantity = resource == ENERGY ? Openings.IMPORT : Openings.WATER;
        Openings.Point memory used =
            Openings.subtract(_point(end.points, quantity), _point(start.points, quantity));
        if (!_opens(quantity, used, value, blinding)) revert DoesNotOpen();
        uint64 quota = _quotaOf(home, period, _index(resource));
        _opened(excess, home, period, resource, value, value > quota ? value - quota : 0);
    }

    function openPeak(address home, uint64 period, Record calldata record, uint64 value, uint256 blinding)
        external
        managerOr(home)
    {
        Excess storage excess = _demanded(home, period, POWER);
        _requireRecord(excess, home, record);
        if (record.slot / monitoring.slotsPerBilling() != period) {
            revert SlotOutsidePeriod(record.slot, period);
        }
        if (monitoring.isVoid(home, record.slot)) revert ReadingIsVoid(home, record.slot);
        _requirePeak(record, value, blinding);
        uint64 quota = powerQuotaAt(home, record.slot);
        _opened(excess, home, period, POWER, value, value > quota ? value - quota : 0);
    }

    function openLoan(
        address home,
        uint64 period,
        uint8 place,
        Record calldata record,
        uint64 value,
        uint256 blinding
    ) external managerOr(home) {
        uint8 subject = FIRST_LOAN + place;
        Excess storage excess = _demanded(home, period, subject);
        _requireRecord(excess, home, record);
        Loan memory loan = loanOf(home, period, place);
        bool outside = record.slot < loan.fromSlot || record.slot >= loan.untilSlot;
        if (outside || monitoring.isVoid(home, record.slot)) {
            _demandedInVain(excess, home, period, subject, record.slot);
            return;
        }
        _requirePeak(record, value, blinding);
        uint64 covered = powerQuotaAt(home, record.slot) + _lentLater(home, record.slot, place);
        _opened(excess, home, period, subject, value, value > covered ? value - covered : 0);
    }

    // ---- Anybody

    function finalise(address home, uint64 period, uint8 subject) external {
        Excess storage excess = _excess[home][period][subject];
        bool demanded = excess.status == Status.Demanded;
        if (!demanded && excess.status != Status.Asserted) revert WrongStatus(excess.status, Status.Asserted);
        if (_height() <= excess.lastBlock) revert WindowOpen(excess.lastBlock);
        excess.status = _statusOf(excess);
        if (excess.status == Status.Void) emit ExcessVoid(home, period, subject, excess.amount);
        else if (excess.status == Status.Final) emit ExcessFinal(home, period, subject, excess.amount);
        else emit ExcessUnproved(home, period, subject, excess.amount);
    }

    function excessOf(address home, uint64 period, uint8 subject)
        external
        view
        returns (uint64 amount, Status status)
    {
        Excess storage excess = _excess[home][period][subject];
        return (excess.amount, _statusOf(excess));
    }

    function metered(address home, uint64 period) public view returns (bool) {
        (bytes32 digest, uint64 slot,) = monitoring.anchor(home, period);
        return
            digest != 0 && slot / monitoring.slotsPerBilling() == period && !monitoring.isVoid(home, slot);
    }

    function opens(
        uint8 quantity,
        bytes calldata plus,
        bytes calldata minus,
        uint64 value,
        uint256 blinding
    ) external view returns (bool) {
        Openings.Point memory point = Openings.decompress(plus);
        if (minus.length != 0) point = Openings.subtract(point, Openings.decompress(minus));
        return _opens(quantity, point, value, blinding);
    }

    // ---- Steps

    function _requireManagerOr(address home) private {
        if (msg.sender != home) _checkCanCall(msg.sender, msg.data);
    }

    function _assert(address home, uint64 period, uint8 subject, uint64 amount, bytes32 record) private {
        if (revisionAt(period) == 0) revert NoQuota(period);
        Excess storage excess = _excess[home][period][subject];
        Status status = _statusOf(excess);
        if (status != Status.None && status != Status.Void) revert WrongStatus(status, Status.None);
        if (excess.round == MOST_ROUNDS) revert TooManyRounds(home, period, subject);
        uint64 lastBlock = _height() + windowBlocks;
        _excess[home][period][subject] =
            Excess(amount, lastBlock, Status.Asserted, excess.round + 1, false, record);
        emit ExcessAsserted(home, period, subject, amount, lastBlock);
    }

    function _demandOwn(address home, uint64 period, uint8 subject) private {
        Excess storage excess = _excess[home][period][subject];
        if (excess.status == Status.Asserted && _height() > excess.lastBlock) {
            revert WindowOver(excess.lastBlock);
        }
        _requireStatus(excess, Status.Asserted);
        _demand(excess, home, period, subject);
    }

    function _demand(Excess storage excess, address home, uint64 period, uint8 subject) private {
        excess.status = Status.Demanded;
        excess.lastBlock = _height() + windowBlocks;
        emit OpeningDemanded(home, period, subject, excess.lastBlock, excess.byMarket);
    }

    function _demanded(address home, uint64 period, uint8 subject)
        private
        view
        returns (Excess storage excess)
    {
        excess = _excess[home][period][subject];
        if (excess.status == Status.Demanded && _height() > excess.lastBlock) {
            revert WindowOver(excess.lastBlock);
        }
        _requireStatus(excess, Status.Demanded);
    }

    /// @dev What was asserted must be shown exactly; what a counterparty demanded is whatever is shown.
    function _opened(
        Excess storage excess,
        address home,
        uint64 period,
        uint8 subject,
        uint64 value,
        uint64 shown
    ) private {
        if (excess.byMarket) excess.amount = shown;
        else if (shown != excess.amount) revert ExcessDiffers(excess.amount, shown);
        excess.status = Status.Opened;
        emit ExcessOpened(home, period, subject, shown, value);
    }

    /// @dev A record outside the window shows nothing. A counterparty that named it leaves what was stated.
    function _demandedInVain(
        Excess storage excess,
        address home,
        uint64 period,
        uint8 subject,
        uint64 slot
    ) private {
        if (!excess.byMarket) revert SlotOutsidePeriod(slot, period);
        excess.status = Status.Final;
        emit ExcessFinal(home, period, subject, excess.amount);
    }

    function _statusOf(Excess storage excess) private view returns (Status) {
        Status status = excess.status;
        if (_height() <= excess.lastBlock) return status;
        if (status == Status.Asserted) return Status.Final;
        if (status == Status.Demanded) return excess.byMarket ? Status.Unproved : Status.Void;
        return status;
    }

    function _requireStatus(Excess storage excess, Status expected) private view {
        Status status = _statusOf(excess);
        if (status != expected) revert WrongStatus(status, expected);
    }

    function _requireMetered(address home, uint64 period) private view {
        if (!metered(home, period)) revert PeriodNotClosed(home, period);
    }

    /// @dev Whether the subject can be judged: the period has its anchor, or the loan's window is over.
    function _requireOver(address home, uint64 period, uint8 subject) private view {
        if (subject < FIRST_LOAN) {
            _requireMetered(home, period);
            return;
        }
        Loan memory loan = loanOf(home, period, subject - FIRST_LOAN);
        if (loan.lentAtBlock == 0 || loan.incoming) revert NoLoan(home, period, subject - FIRST_LOAN);
        uint64 current = monitoring.currentSlot();
        if (current < loan.untilSlot) revert WindowNotOver(loan.untilSlot, current);
    }

    function _requireAnchor(address home, uint64 period, Record calldata record) private view {
        (bytes32 kept,,) = monitoring.anchor(home, period);
        bytes32 shown = _digest(home, record);
        if (shown != kept) revert RecordDiffers(shown, kept);
    }

    function _requireRecord(Excess storage excess, address home, Record calldata record) private view {
        bytes32 shown = _digest(home, record);
        if (shown != excess.record) revert RecordDiffers(shown, excess.record);
    }

    function _opens(uint8 quantity, Openings.Point memory point, uint64 value, uint256 blinding)
        private
        pure
        returns (bool)
    {
        return Openings.opens(quantity, point, value, blinding);
    }

    function _requirePeak(Record calldata record, uint64 value, uint256 blinding) private view {
        Openings.Point memory peak = _point(record.points, Openings.PEAK);
        if (!_opens(Openings.PEAK, peak, value, blinding)) revert DoesNotOpen();
    }

    function _digest(address home, Record calldata record) private pure returns (bytes32) {
        if (record.points.length != 132) revert WrongLength("points", record.points.length, 132);
        return keccak256(
            abi.encodePacked(
                home,
                record.slot,
                record.sequence,
                record.epoch,
                record.delegation,
                record.envelopeHash,
                keccak256(record.points),
                record.extended
            )
        );
    }

    function _point(bytes calldata points, uint8 quantity) private view returns (Openings.Point memory) {
        uint256 from = uint256(quantity) * 33;
        return Openings.decompress(points[from:from + 33]);
    }
}
