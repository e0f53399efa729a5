// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A buyer that is a contract: when currency comes back to it, it calls again, or refuses it.
contract Buyer {
    address private immutable _token;
    bytes public again;
    bool public refuses;
    bool public wentWell;

    constructor(address token) {
        _token = token;
    }

    function set(bytes calldata again_, bool refuses_) external {
        again = again_;
        refuses = refuses_;
    }

    function pass(bytes calldata data) external payable {
        (bool ok, bytes memory answer) = _token.call{value: msg.value}(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    receive() external payable {
        if (refuses) revert();
        if (again.length == 0) return;
        bytes memory data = again;
        delete again;
        (wentWell,) = _token.call(data);
    }
}
