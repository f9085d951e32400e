FROM a
COPY <<E /a
never
