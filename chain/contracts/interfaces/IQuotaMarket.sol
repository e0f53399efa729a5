// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the market does with quota, and what anybody reads of it.
/// @notice The market is one contract, named when the quota contract is deployed and never changed. It locks
/// a seller's quota while its bid stands, moves it when a lot is awarded, and frees it otherwise. A lock
/// cannot be sold twice, nor lost: quota = part + bought - sold, free = quota - locked.
///
/// Power is lent, not sold: a loan holds in a window of slots of one billing period, returns by itself and
/// adds to the borrower's quota in those slots only. A home lends at most its quota less all that it lends,
/// or has locked, in that period, whatever the windows. Loans and locks of power have places: a home has 32
/// in a period, taken by its offers, its bids and its loans.
///
/// An excess has a subject: 1 energy, 2 power, 3 water of a whole period, or 16 + place: power within the
/// window of the loan in that place, net of what was lent later over the same slot.
interface IQuotaMarket {
    /// @notice A lot. Energy and water have no window (both slots 0).
    struct Lot {
        uint8 resource;
        uint64 period;
        uint64 fromSlot;
        uint64 untilSlot;
        uint64 amount;
    }

    /// @notice A place of power. Lent: it counts; else it is only taken. Loans count from the newest to the
    /// oldest when an excess is cut: by block, then by place.
    struct Loan {
        uint64 amount;
        uint64 fromSlot;
        uint64 untilSlot;
        uint40 lentAtBlock;
        bool incoming;
    }

    error NotTheMarket(address caller, address market);
    /// @notice All 32 places of a home in a period are taken.
    error NoPlace(address home, uint64 period);
    error NoLoan(address home, uint64 period, uint8 place);
    /// @notice The window of a loan is not over.
    error WindowNotOver(uint64 untilSlot, uint64 current);

    event QuotaLocked(
        address indexed home, uint64 indexed period, uint8 indexed resource, uint64 amount, uint8 place
    );
    event QuotaReleased(
        address indexed home, uint64 indexed period, uint8 indexed resource, uint64 amount, uint8 place
    );
    /// @notice `amount` W of the lender's quota are the borrower's in slots [fromSlot, untilSlot).
    event PowerLent(
        address indexed lender,
        address indexed borrower,
        uint64 indexed period,
        uint64 amount,
        uint64 fromSlot,
        uint64 untilSlot,
        uint8 lenderPlace,
        uint8 borrowerPlace
    );

    // ---- Market

    /// @notice A buyer asks for a lot of the current or the next period: takes a place for power. Bars a new
    /// division of that period. Gives the buyer's part of the resource, without exchanges.
    function admitOffer(address buyer, Lot calldata lot) external returns (uint8 place, uint64 part);

    /// @notice Locks a seller's quota for a lot; its free quota must hold it.
    function lock(address seller, Lot calldata lot) external returns (uint8 place, uint64 part);

    /// @notice Frees what `lock` locked.
    function release(address seller, Lot calldata lot, uint8 place) external;

    /// @notice Frees a buyer's place.
    function dismissOffer(address buyer, Lot calldata lot, uint8 place) external;

    /// @notice Moves locked quota to the buyer; for power, lends it, in the places that the two have. `mark` is
    /// all that the seller has sold of the resource in the period, this lot included (0 for power).
    function moveLocked(
        address seller,
        uint8 sellerPlace,
        address buyer,
        uint8 buyerPlace,
        uint64 period,
        uint8 resource,
        uint64 amount
    ) external returns (uint72 mark);

    /// @notice Asserts an excess for the manager; unlike `assertExcess` it may be 0.
    function assertForMarket(address home, uint64 period, uint8 subject, uint64 number, uint64 excess)
        external;

    /// @notice Demands an opening for a counterparty, whether or not something was asserted. The manager or
    /// the home must open it within the window, else it is Unproved. For a loan, `number` is the home's
    /// record to be opened.
    function demandForMarket(address home, uint64 period, uint8 subject, uint64 number) external;

    /// @notice Demands an opening for the home itself.
    function demandForHome(address home, uint64 period, uint8 subject) external;

    // ---- What anybody reads

    function market() external view returns (address);

    /// @notice Power that the home may use in one slot: its quota of the period with the loans of that slot.
    function powerQuotaAt(address home, uint64 slot) external view returns (uint64 powerW);

    /// @notice What the home could lock now: its quota less what is locked, or lent in the period.
    function freeOf(address home, uint64 period, uint8 resource) external view returns (uint64 amount);

    function exchangedOf(address home, uint64 period, uint8 resource)
        external
        view
        returns (uint72 bought, uint72 sold, uint64 locked);

    /// @notice The loan in a place; `lentAtBlock` 0 while it is not lent, all 0 when the place is free.
    function loanOf(address home, uint64 period, uint8 place) external view returns (Loan memory);
}
