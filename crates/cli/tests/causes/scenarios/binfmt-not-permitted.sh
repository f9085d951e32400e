#: needs unshare mount
#: said-by mount
# As in a container without privileges: /proc/sys is read-only there.
unshare -Urm sh -c 'mount -t binfmt_misc -o ro binfmt_misc /proc/sys/fs/binfmt_misc && echo ":x:M::ab::/bin/true:" >/proc/sys/fs/binfmt_misc/register'
unshare -U mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
