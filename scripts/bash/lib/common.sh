# shellcheck shell=bash
# What deploy, teardown and teardown-nw share: how they say and fail, where state is kept,
# and whether rsac-infra or az does the work. Sourced first.
# shellcheck disable=SC2034 # read by the files sourced after this one

# The stack's name, and the group that rsac-infra would take for it.
stack=azure
default_group=rsac-azure

# Exit codes are those of rsac-infra.
usage_error=2 not_found=4 conflict=5 provider_error=7 state_error=8

say() { printf '%s\n' "$*" >&2; }

# fail CODE WHAT REMEDY
fail() {
  printf 'error: %s\n  %s\n' "$2" "$3" >&2
  exit "$1"
}

# Where rsac-infra keeps its state, by the same rules.
state_dir() {
  if [[ -n ${RSAC_STATE_DIR:-} ]]; then
    printf '%s\n' "$RSAC_STATE_DIR"
  elif [[ ${XDG_STATE_HOME:-} == /* ]]; then
    printf '%s\n' "$XDG_STATE_HOME/rsac"
  elif [[ -n ${HOME:-} ]]; then
    printf '%s\n' "$HOME/.local/state/rsac"
  else
    fail "$state_error" "there is no place for state: neither RSAC_STATE_DIR, XDG_STATE_HOME nor HOME is set" \
      "RSAC_STATE_DIR=DIR"
  fi
}

# Sets tool to the rsac-infra that does the work, or to nothing where az does it.
choose_tool() {
  tool=''
  [[ $use_az == no ]] || return 0
  if [[ -n ${RSAC_INFRA:-} ]]; then
    command -v -- "$RSAC_INFRA" >/dev/null 2>&1 ||
      fail "$usage_error" "RSAC_INFRA $RSAC_INFRA: there is no such program" "unset it, or --az"
    tool=$RSAC_INFRA
  elif command -v rsac-infra >/dev/null 2>&1; then
    tool=rsac-infra
  fi
}

# need_value OPTION COUNT: that a value follows.
need_value() {
  (($2 > 1)) || fail "$usage_error" "$1 wants a value" "--help shows the options"
}

unknown_option() {
  fail "$usage_error" "$1: there is no such option" "--help shows the options"
}

# confirm QUESTION: whoever sits there says y, or --yes was given.
confirm() {
  local answer
  [[ $yes == no ]] || return 0
  [[ -t 0 ]] || fail "$usage_error" "this deletes, and nobody is there to ask" "--yes"
  read -r -p "$1 [y/N] " answer || answer=
  [[ $answer == [yY] || $answer == yes ]] || fail 1 "everything stays as it is" "y, or --yes"
}

# write_private FILE TEXT: the whole file or none of it, for its owner alone.
write_private() {
  local next=$1.next
  (
    umask 077
    mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$next"
  ) && mv -f "$next" "$1"
}

# A region as Azure's ids have it: "UK South" is uksouth.
plain_region() { printf '%s' "$1" | tr -d ' ' | LC_ALL=C tr '[:upper:]' '[:lower:]'; }

random_id() { od -An -N8 -tx1 /dev/urandom | tr -d ' \n'; }
