"""The certificate of the emulator for TLS, made at the first start."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

NAMES = ("localhost", "127.0.0.1", "::1")
YEARS = 10
CERTIFICATE, PRIVATE_KEY = "cosmos.pem", "cosmos-key.pem"


def trusted_by(certificate: Path) -> str:
    """The line for a shell that makes clients in Python and Node.js trust the certificate."""
    path = certificate.absolute()
    return f'export SSL_CERT_FILE="{path}" REQUESTS_CA_BUNDLE="{path}" NODE_EXTRA_CA_CERTS="{path}"'


def tls_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server needs for TLS, and the certificate that clients have to trust. The folder keeps it with its key."""
    certificate, key = folder / CERTIFICATE, folder / PRIVATE_KEY
    if not (certificate.exists() and key.exists()):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def _make(certificate: Path, key_file: Path) -> None:
    """Writes a certificate that signs itself, for the names of this machine, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Outlast Cosmos DB emulator")])
    now, public = datetime.now(UTC), key.public_key()
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    built = (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([_named(one) for one in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key_file.touch(mode=0o600)
    key_file.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    certificate.write_bytes(built.public_bytes(encoding))


def _named(name: str):  # type: ignore[no-untyped-def] # its type is in a module that is imported when needed
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
