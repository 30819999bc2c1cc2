"""Settings of uploads: largest sizes of HTTP bodies and files, and quotas."""

from pydantic import BaseModel, Field


class UploadSettings(BaseModel):
    """Largest sizes of HTTP bodies and files, and quotas."""

    max_body_kib: int = Field(1024, ge=16, description="Largest HTTP body, KiB, uploads aside.")
    max_upload_mib: int = Field(
        12, ge=1, le=100, description="Largest picture or certificate that is taken, MiB."
    )
    upload_mib_per_day: int = Field(
        500,
        ge=1,
        description="What one account, or one API key, may send of pictures and certificates "
        "within 24 hours, MiB as kept: a picture takes about 0.3, a PDF what it has.",
    )
    photos_per_order: int = Field(
        24, ge=1, description="Photos kept of one order, for all its claims together."
    )
