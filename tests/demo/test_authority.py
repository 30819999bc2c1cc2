"""The certificate authority vouches for this machine's addresses and for nothing else."""

import contextlib
import datetime
import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from farmlive.demo.authority import Address, get_certificates

HERE: list[Address] = [ipaddress.ip_address("192.168.7.20"), ipaddress.ip_address("fd00::20")]


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def verify(authority: x509.Certificate, leaf: x509.Certificate, name: x509.GeneralName) -> None:
    subject = name if isinstance(name, x509.DNSName | x509.IPAddress) else None
    assert subject is not None
    verifier = PolicyBuilder().store(Store([authority])).build_server_verifier(subject)
    verifier.verify(leaf, [])


def forged(folder: Path, name: x509.GeneralName) -> x509.Certificate:
    """What a thief of the authority's key would sign."""
    authority = load(folder / "authority.pem")
    key = load_pem_private_key((folder / "authority-key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "thief")]))
        .issuer_name(authority.subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .public_key(leaf_key.public_key())
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize("address", HERE)
def test_the_server_is_trusted_by_its_addresses(tmp_path: Path, address: Address) -> None:
    made = get_certificates(tmp_path, HERE)
    verify(load(made.authority), load(made.chain), x509.IPAddress(address))


@pytest.mark.parametrize(
    "name",
    [x509.DNSName("bank.example"), x509.IPAddress(ipaddress.ip_address("192.168.7.21"))],
    ids=["a site", "a neighbour"],
)
def test_what_else_the_authority_signs_is_refused(tmp_path: Path, name: x509.GeneralName) -> None:
    made = get_certificates(tmp_path, HERE)
    with pytest.raises(VerificationError):
        verify(load(made.authority), forged(tmp_path, name), name)


def test_constraints_are_critical_and_cover_addresses_and_names(tmp_path: Path) -> None:
    authority = load(get_certificates(tmp_path, HERE).authority)
    found = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert found.critical
    permitted = found.value.permitted_subtrees or []
    networks = {str(name.value) for name in permitted if isinstance(name, x509.IPAddress)}
    assert networks == {"192.168.7.20/32", "fd00::20/128"}
    assert any(isinstance(name, x509.DNSName) for name in permitted)


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    made = get_certificates(tmp_path / "lan", HERE)
    for key in (made.key, tmp_path / "lan" / "authority-key.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "lan").stat().st_mode) == 0o700


def test_the_leaf_lasts_no_longer_than_phones_accept(tmp_path: Path) -> None:
    leaf = load(get_certificates(tmp_path, HERE).chain)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= datetime.timedelta(days=397)


@pytest.mark.parametrize("address", HERE)
def test_openssl_trusts_the_server_too(tmp_path: Path, address: Address) -> None:
    made = get_certificates(tmp_path, HERE)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(made.chain, made.key)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = theirs.wrap_bio(up, down, server_side=True)
    ours = ssl.create_default_context(cafile=str(made.authority))
    client = ours.wrap_bio(down, up, server_hostname=str(address))
    for _ in range(3):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert client.getpeercert()


def test_the_same_addresses_keep_the_authority_and_others_make_a_new_one(tmp_path: Path) -> None:
    first = get_certificates(tmp_path, HERE).authority_der()
    assert get_certificates(tmp_path, HERE).authority_der() == first
    assert get_certificates(tmp_path, HERE[:1]).authority_der() != first
