# shellcheck shell=bash
# What the host needs before anything is built: packages and a Docker daemon. Sourced by ./up.

install_packages() { deploy/packages/install build run; }

start_docker() { deploy/start-docker; }
