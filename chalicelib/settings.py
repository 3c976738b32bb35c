"""Settings: the one place that reads the environment.

Every limit and every part of the system is a variable with the prefix ``PIM_``; units are in the names. The local
runner (``infra/local``) fills them with embedded parts, a deployment with its own. Nothing here connects to anything.
"""

import re
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")

LOCAL_JWT_SECRET = "skuloom-local-secret-for-laptops-only"


class Settings(BaseSettings):
    """All settings of a running part. Frozen; read once per process by ``load_settings``."""

    model_config = SettingsConfigDict(env_prefix="PIM_", frozen=True, extra="ignore")

    stage: str = "local"
    """``local`` on a laptop; any other name is a deployment and refuses placeholder secrets."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # PostgreSQL: the truth. The role of this URL is neither owner nor superuser.
    database_url: SecretStr = SecretStr("")
    database_pool_size: int = 1
    """Connections one process may hold. 1 in a function; the local runner raises it, its threads share a process."""
    database_connect_timeout_seconds: int = 10

    # ClickHouse: the mirror. ``chdb:///path`` is the engine in this process, ``http(s)://user:password@host:8123/db``
    # a server.
    clickhouse_url: SecretStr = SecretStr("")
    clickhouse_timeout_seconds: int = 30

    # S3 and SQS. The endpoint comes from AWS_ENDPOINT_URL, which boto3 reads by itself.
    aws_region: str = "eu-west-3"
    bucket: str = "skuloom-files"
    chunk_queue: str = "skuloom-chunks"
    dead_letter_queue: str = "skuloom-chunks-dead"
    arrival_queue: str = "skuloom-arrivals"
    arrival_dead_letter_queue: str = "skuloom-arrivals-dead"
    segment_queue: str = "skuloom-segments"
    segment_dead_letter_queue: str = "skuloom-segments-dead"

    # Access.
    jwt_secret: SecretStr = SecretStr("")
    """HS256 secret. Used when no JWKS URL is set; the local stage has a default, a deployment has none."""
    jwt_jwks_url: str = ""
    """RS256 and ES256 keys of the identity provider. When set, HS256 tokens are refused."""
    jwt_issuer: str = "skuloom"
    jwt_audience: str = "skuloom"
    jwt_tenant_claim: str = "workspace"

    # Limits. The multipart limit is what API Gateway and Lambda carry once the body is base64 text.
    multipart_limit_bytes: int = 4_500_000
    upload_limit_bytes: int = 5 * 1024 * MEBIBYTE
    upload_url_seconds: int = 3600
    body_limit_bytes: int = 1 * MEBIBYTE
    """JSON bodies."""
    answer_limit_bytes: int = 4_500_000
    """What is answered: Lambda carries 6 MB of an answer as JSON text, in which each quote is two characters."""
    chunk_rows: int = Field(default=5_000, ge=1, le=100_000)
    engine_rows: int = 10_000_000
    dry_run_rows: int = 500_000
    """Rows of a file that are tried out while a caller waits for the answer; a longer one is told to be incomplete."""
    dry_run_seconds: int = 20
    """Likewise, in time: no chunk is begun after it. API Gateway answers a caller after 29."""
    columns: int = 1_000
    """Columns a file may have."""
    cell_bytes: int = 1 * MEBIBYTE
    inflated_bytes: int = Field(default=300 * MEBIBYTE, ge=1)
    """What the parts of a workbook may come to, unpacked."""
    inflated_ratio: int = Field(default=100, ge=1)
    """How many times its packed size a large workbook may come to."""
    canonical_bytes: int = Field(default=400 * MEBIBYTE, ge=1)
    """The CSV a workbook, JSON or XML file is rewritten into; a function has 512 MB of disk."""
    file_kept_days: int = 30
    undo_days: int = Field(default=30, ge=0)
    """How long after its end an import can be undone."""
    download_bytes: int = 1_000_000
    """A file that is made for a caller and is no longer than this is the answer itself; a longer one goes over S3."""
    download_rows: int = 2_000
    """Likewise, in rows."""
    download_url_seconds: int = 900
    """How long the address of a file that was made can be fetched; so old may its content be, too."""

    # Files that lie elsewhere.
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts that may be called though they are not on the public internet: names, IP addresses and networks, separated
    by commas in the environment (``127.0.0.1,files.intra,10.0.0.0/8``).
    """
    fetch_seconds: int = Field(default=240, ge=1)
    """One file, from the first connection to the last byte: less than the function that fetches it has."""
    fetch_connect_seconds: int = Field(default=10, ge=1)
    fetch_silence_seconds: int = Field(default=30, ge=1)
    """How long the other side may say nothing."""

    # Liveness of running jobs. The lease is longer than any step may take, so that only dead workers are silent for it.
    lease_seconds: int = 420
    """Longer than the longest function may run and than SQS hides a message: redelivery comes first."""
    takeovers: int = 5
    """How often a job whose worker fell silent is requeued before it fails with the reason."""
    chunk_receives: int = 5
    """SQS maxReceiveCount: deliveries of one chunk before it is dead-lettered and its job fails."""
    chunk_timeout_seconds: int = 60
    chunk_concurrency: int = Field(default=10, ge=2, le=1000)
    """Chunks imported at once, over all jobs; bounded by what PostgreSQL takes. 2 is Lambda's least."""
    tick_minutes: int = 5

    # Segments.
    refresh_delay_seconds: int = Field(default=5, ge=0, le=900)
    """How long after a change the segments that read it are refreshed: changes seldom come alone."""
    segment_timeout_seconds: int = 60
    """One compute, from its lease to its swap."""
    segment_lease_seconds: int = 90
    """Longer than ``segment_timeout_seconds``: only a dead worker is silent for it."""
    segment_concurrency: int = Field(default=4, ge=2, le=1000)
    """Segments computed at once, over all workspaces; bounded by what ClickHouse takes. 2 is Lambda's least."""
    segments_a_tick: int = 200
    """Segments the tick asks to have computed, the longest due first."""
    compute_kept_seconds: int = 3600
    """How long a replaced membership can still be paged through by its cursors."""

    # Claude, asked about columns that the vocabulary is unsure of. Without a key it is off, and nothing is sent.
    anthropic_api_key: SecretStr = SecretStr("")
    claude_model: str = Field(default="claude-haiku-5-5", min_length=1)
    claude_base_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Another address that speaks the Messages API; empty: Anthropic's own."""
    claude_seconds: float = Field(default=1.8, gt=0)
    """One question, from the first connection to the last byte of its answer."""
    claude_upload_seconds: float = Field(default=2.5, gt=0)
    """When a question must be over, counted from the start of the upload: its caller was promised an answer in 3."""
    claude_pause_seconds: float = Field(default=60, ge=0)
    """For how long a process asks nothing after a failure; each next one doubles it, up to ten times as long."""
    claude_columns: int = Field(default=24, ge=1, le=100)
    """Columns one question asks for."""
    claude_monthly_tokens: int = Field(default=1_000_000, ge=0)
    """What the questions of one workspace may come to in a calendar month, sent and received; 0: none is asked."""
    claude_answer_days: int = Field(default=90, ge=0)
    """How long an answer holds for files with the same headers."""

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, given: Any) -> Any:
        return tuple(each.strip() for each in given.split(",") if each.strip()) if isinstance(given, str) else given

    @field_validator("allowed_hosts")
    @classmethod
    def _refuse_no_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for each in hosts:
            if not _HOST_NAME.fullmatch(each):
                ip_network(each.strip("[]"), strict=False)
        return hosts

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> Self:
        if self.stage == "local":
            return self
        secret = self.jwt_secret.get_secret_value()
        if not self.jwt_jwks_url and (secret == LOCAL_JWT_SECRET or len(secret) < 32):
            raise ValueError(
                f"stage {self.stage!r} needs PIM_JWT_JWKS_URL,"
                " or a PIM_JWT_SECRET of its own with at least 32 characters"
            )
        return self

    def lease_from(self, moment: datetime) -> datetime:
        """Until when a job that was worked on at ``moment`` may stay silent."""
        return moment + timedelta(seconds=self.lease_seconds)

    @property
    def asks_claude(self) -> bool:
        """Whether columns may be asked about at all."""
        return bool(self.anthropic_api_key.get_secret_value()) and self.claude_monthly_tokens > 0

    @property
    def jwt_shared_secret(self) -> str:
        """The HS256 secret, or empty when tokens are checked against a JWKS URL."""
        if self.jwt_jwks_url:
            return ""
        return self.jwt_secret.get_secret_value() or (LOCAL_JWT_SECRET if self.stage == "local" else "")


@cache
def load_settings() -> Settings:
    """The settings of this process, read from the environment on first use."""
    return Settings()
