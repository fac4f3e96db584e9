"""What is done to every image once, before it enters the cache: steps, and chains of them."""

from automed.data.preprocess.chain import CROP as CROP
from automed.data.preprocess.chain import PREPROCESS as PREPROCESS
from automed.data.preprocess.chain import RAW as RAW
from automed.data.preprocess.chain import Chain as Chain
from automed.data.preprocess.chain import read_chain as read_chain
from automed.data.preprocess.contrast import clahe as clahe
from automed.data.preprocess.crop import crop_box as crop_box
from automed.data.preprocess.denoise import denoise as denoise
from automed.data.preprocess.denoise import median as median
from automed.data.preprocess.otsu import otsu as otsu
from automed.data.preprocess.stain import macenko as macenko
from automed.data.preprocess.stain import reinhard as reinhard
from automed.data.preprocess.white_balance import grey_world as grey_world
