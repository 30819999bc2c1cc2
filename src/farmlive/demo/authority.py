"""A small certificate authority, so that a phone on the same network gets HTTPS.

Owns the keys and certificates in its folder. The authority can sign for this machine's addresses
alone (RFC 5280, section 4.2.1.10), so trusting it gives nobody power over other sites.
"""

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_AUTHORITY_DAYS = 825
# Apple refuses longer ones (support.apple.com/102028); one day less, for clocks that differ.
_LEAF_DAYS = 396
_RENEW_DAYS = 30


@dataclass(frozen=True)
class Certificates:
    """Paths of the PEM files: the authority's certificate, the server's chain and its key."""

    authority: Path
    chain: Path
    key: Path

    def authority_der(self) -> bytes:
        """Return the authority's certificate in the form that phones install."""
        found = x509.load_pem_x509_certificate(self.authority.read_bytes())
        return found.public_bytes(serialization.Encoding.DER)


def get_certificates(folder: Path, addresses: list[Address]) -> Certificates:
    """Return the certificates for these addresses: those in the folder, or new ones if they don't
    match.

    A new authority is made when the addresses have changed; phones then need it once more.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "server-key.pem")
    authority_key = folder / "authority-key.pem"
    if not _match(made, authority_key, addresses):
        key = ec.generate_private_key(ec.SECP256R1())
        authority = _authority(key, addresses)
        _write_key(authority_key, key)
        made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        _sign_leaf(made, key, authority, addresses)
    elif _is_old(made.chain):
        loaded = serialization.load_pem_private_key(authority_key.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
        _sign_leaf(made, loaded, authority, addresses)
    return made


def _match(made: Certificates, authority_key: Path, addresses: list[Address]) -> bool:
    if not all(path.exists() for path in (made.authority, made.chain, made.key, authority_key)):
        return False
    if _is_old(made.authority):
        return False
    leaf = x509.load_pem_x509_certificate(made.chain.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.IPAddress)) == set(addresses)


def _is_old(path: Path) -> bool:
    end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    return end - datetime.datetime.now(datetime.UTC) < datetime.timedelta(days=_RENEW_DAYS)


def _builder(subject: str, issuer: x509.Name | None, days: int) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=days))
    )


def _authority(key: ec.EllipticCurvePrivateKey, addresses: list[Address]) -> x509.Certificate:
    hosts = [x509.IPAddress(ipaddress.ip_network(address)) for address in addresses]
    # A kind of name that no subtree permits is unconstrained, so every kind gets one.
    constraints = x509.NameConstraints([*hosts, x509.DNSName("farmlive.invalid")], None)
    return (
        _builder(f"farmlive demo on {addresses[0]}", None, _AUTHORITY_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _sign_leaf(
    made: Certificates,
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    addresses: list[Address],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        # OpenSSL holds a common name that could be a host's against the constraints on hosts.
        _builder("farmlive demo", authority.subject, _LEAF_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(address) for address in addresses]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(made.key, key)
    pem = serialization.Encoding.PEM
    made.chain.write_bytes(leaf.public_bytes(pem) + authority.public_bytes(pem))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a private key that only its owner may read, from the first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
