"""Names and reasons that mean something to Markdown, HTML, XML, matplotlib or a terminal."""

NAME = (
    "_<script>alert(1)</script> [x](javascript:alert(2)) | `` $\\frac$ @team ![i](http://e.vil/a.png)"
    " **b** </summary><img src=x onerror=alert(3)> \x1b[31m\x00 \u202e &amp; ]]>"
)
