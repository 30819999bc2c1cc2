"""Settings of uploads: largest sizes of HTTP bodies and files, and quotas."""

from pydantic import BaseModel, Field


class UploadSettings(BaseModel):
    """Largest sizes of HTTP bodies and files, and quotas."""

    max_body_kib: int = Field(1024, ge=16, description="Largest HTTP body except uploads, KiB.")
    max_upload_mib: int = Field(
        12, ge=1, le=100, description="Largest picture or certificate, MiB."
    )
    upload_mib_per_day: int = Field(
        500,
        ge=1,
        description="Pictures and certificates that one account, or one API key, may send "
        "within 24 hours, MiB as stored: a picture takes about 0.3, a PDF its own "
        "size.",
    )
    photos_per_order: int = Field(
        24, ge=1, description="Photos of one order, for all its claims together."
    )
