// Lets the docker provider import its upstream's constructor, which lies in an internal package: the path must begin with the upstream's.
module github.com/terraform-providers/terraform-provider-docker/shim

go 1.25.8
