"""Clients for S3 and SQS. Where they talk to comes from ``AWS_ENDPOINT_URL``, which boto3 reads by itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class AwsClients:
    """The two clients a container needs; both are safe to share between threads."""

    s3: "S3Client"
    sqs: "SQSClient"


def aws_clients(region: str, *, threads: int) -> AwsClients:
    """Clients for a process of so many threads. Making them opens no connection."""
    config = Config(
        region_name=region,
        signature_version="s3v4",
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=threads + 4,
        s3={"addressing_style": "path"},
    )
    return AwsClients(boto3.client("s3", config=config), boto3.client("sqs", config=config))
