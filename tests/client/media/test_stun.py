from aioice import stun as reference

from farmlive.client.media import stun


def test_check_is_what_aioice_accepts() -> None:
    message = reference.parse_message(stun.check("far", "near", "secret", 5))
    assert message.message_method == reference.Method.BINDING
    assert message.message_class == reference.Class.REQUEST
    assert message.attributes["USERNAME"] == "far:near"
    assert message.attributes["ICE-CONTROLLING"] == 5
    assert "USE-CANDIDATE" in message.attributes
    assert message.check_message_integrity(b"secret")


def test_reply_is_what_aioice_accepts() -> None:
    check = stun.check("near", "far", "secret", 5)
    success_response = stun.success_response(check, ("192.0.2.7", 40000), "secret")
    assert success_response is not None
    message = reference.parse_message(success_response)
    assert message.message_class == reference.Class.RESPONSE
    assert message.transaction_id == stun.transaction_id_of(check)
    assert message.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.7", 40000)
    assert message.check_message_integrity(b"secret")


def test_another_password_is_not_answered() -> None:
    assert (
        stun.success_response(stun.check("near", "far", "wrong", 5), ("192.0.2.7", 1), "secret")
        is None
    )


def test_reference_response_is_genuine() -> None:
    response = reference.Message(
        reference.Method.BINDING,
        reference.Class.RESPONSE,
        attributes={"XOR-MAPPED-ADDRESS": ("127.0.0.1", 9)},
    )
    response.add_message_integrity(b"secret")
    assert stun.kind(bytes(response)) == stun.RESPONSE
    assert stun.has_integrity(bytes(response), "secret")
    assert not stun.has_integrity(bytes(response), "other")


def test_cut_off_message_is_not_genuine() -> None:
    check = stun.check("near", "far", "secret", 5)
    assert not any(stun.has_integrity(check[:length], "secret") for length in range(20, 80))


def test_error_code_of_a_reference_response() -> None:
    response = reference.Message(
        reference.Method.BINDING,
        reference.Class.ERROR,
        attributes={"ERROR-CODE": (403, "Forbidden")},
    )
    assert stun.kind(bytes(response)) == stun.ERROR
    assert stun.error_code(bytes(response)) == 403
    assert stun.error_code(stun.check("far", "near", "secret", 5)) is None
