"""The Compare page: two settings, engines or pictures side by side, and what differs."""

import streamlit as st

from segdetect.ui.browser.drop import take_drops
from segdetect.ui.compare.comparison import show_difference, show_sides
from segdetect.ui.compare.sides import begin_sides, read_known_good, read_side, show_side_actions
from segdetect.ui.shared.address import record_picture, show_wanted_picture
from segdetect.ui.shared.desk import lay
from segdetect.ui.shared.page import page
from segdetect.ui.shared.sidebar import read_picture
from segdetect.ui.shared.welcome import show_samples

with page("Compare"):
    take_drops("Drop to compare")
    st.title("Compare")
    begin_sides()
    troubles = st.container()
    with st.sidebar:
        image, _ = read_picture(troubles, "compare-")
    if image is None:
        show_wanted_picture()
        st.markdown(
            "The same picture with two settings or engines, or two pictures, side by side. **Drop in a picture**, "
            "or try a sample."
        )
        show_samples()
        st.stop()

    sample = st.session_state.get("compare-sample")
    record_picture(image, is_sample=bool(sample))
    lay(sample)
    show_side_actions()
    read_known_good()
    left, right = read_side("Left", image), read_side("Right", image)
    if left is not None and right is not None:
        show_sides(left, right)
        show_difference(left, right)
