"""A tensor of BF16, which numpy has by way of ml_dtypes: the ends of its range."""

import ml_dtypes
import numpy as np

BF16 = np.array(
    [[0.5, -3.3895313892515355e38], [2.0**-133, 0.1]], ml_dtypes.bfloat16
)
