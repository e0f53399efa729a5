// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface IMarket {
    function deposit(uint256 amount) external;
    function withdraw(uint256 amount) external;
}

/// @notice A token that calls the market again while it is paid, and pays in nothing when told so.
contract Thief {
    mapping(address account => uint256) public balanceOf;
    bool public again;
    bool public refuses;
    bool public wentWell;

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function set(bool again_, bool refuses_) external {
        (again, refuses) = (again_, refuses_);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        return _answer(abi.encodeCall(IMarket.withdraw, (amount)));
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return _answer(abi.encodeCall(IMarket.withdraw, (amount)));
    }

    /// @dev The thief is its own depositor: what it may take is what its own credit holds.
    function call(address market, bytes calldata data) external {
        (bool ok, bytes memory answer) = market.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    function _answer(bytes memory data) private returns (bool) {
        if (again) {
            again = false;
            (wentWell,) = msg.sender.call(data);
        }
        return !refuses;
    }
}
