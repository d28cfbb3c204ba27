# The only pin of nixpkgs: branch nixos-26.05. README.md says how to bump it.
{ system }:

let
  # The oldest Nix that this nixpkgs evaluates with (its lib/minver.nix).
  oldestNix = "2.18";
  rev = "21a67dc470149f337cecafbe965d8d252a390518";
  source = builtins.fetchTarball {
    name = "nixpkgs-${builtins.substring 0 12 rev}";
    url = "https://github.com/NixOS/nixpkgs/archive/${rev}.tar.gz";
    sha256 = "sha256-ugpsyk3NM2s87vXfUiIIiibbJ4Pp0JPS5p/3mfs+q+c=";
  };
in
if builtins.compareVersions builtins.nixVersion oldestNix < 0 then
  throw ''agatha:packages: "nixpkgs" needs Nix ${oldestNix} or newer, this is ${builtins.nixVersion}. Use a newer Nix, or set AGATHA_PACKAGES=debian.''
else
  import source {
    inherit system;
    config = { };
    overlays = [ ];
  }
