# syntax=docker/dockerfile:1
FROM localhost/base
ENV WHO=me
COPY <<EOF /etc/greeting
hello $WHO
EOF
COPY <<-"EOF" /etc/raw
	raw $WHO
	EOF
